"""Draw the picture of the shipped example: one day's tide at a small harbour, with the moon that moves it.

Run from anywhere: `python docs/draw_tide.py`. Needs Pillow, and a DejaVu font (Debian: fonts-dejavu-core). The result
is kept in git; this stands here so that it can be drawn again.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET = Path(__file__).parents[1] / "examples" / "posts" / "images" / "tide-at-saltmarsh-quay.png"
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

WIDTH, HEIGHT, FINE = 1120, 600, 3  # drawn three times as large, then scaled down: smooth edges
SKY_TOP, SKY_LOW = (27, 49, 84), (246, 196, 150)
SEA_TOP, SEA_LOW = (38, 110, 128), (12, 46, 66)
ACCENTS = (
    (164, 60, 48),
    (246, 190, 92),
    (240, 220, 190),
    (236, 226, 208),
    (255, 248, 236),
    (20, 36, 52),
    (190, 130, 80),
)
INK, PAPER = (20, 36, 52), (255, 248, 236)

PERIOD_H = 12.42  # from one high water to the next, hours
HIGH_H = 3.9  # the first high water of the day
MEAN_M, HALF_RANGE_M, TOP_M = 2.9, 2.1, 7.2


def height_m(hour: float) -> float:
    """The water above chart datum, metres; the evening tide is a little lower than the morning's."""
    uneven = 1 - 0.06 * (hour / 24)
    return MEAN_M + HALF_RANGE_M * uneven * math.cos(2 * math.pi * (hour - HIGH_H) / PERIOD_H)


def between(low: tuple[int, ...], high: tuple[int, ...], share: float) -> tuple[int, ...]:
    """A colour on the way from one to another."""
    return tuple(round(a + (b - a) * share) for a, b in zip(low, high, strict=True))


def draw() -> Image.Image:
    """The whole picture."""
    width, height = WIDTH * FINE, HEIGHT * FINE
    picture = Image.new("RGB", (width, height))
    pen = ImageDraw.Draw(picture)
    for y in range(height):
        pen.line([(0, y), (width, y)], fill=between(SKY_TOP, SKY_LOW, min(1, y / height * 1.25)))
    _moon(pen)
    _hills(pen)
    surface = [(x, _y(height_m(x / width * 24))) for x in range(0, width + FINE, FINE)]
    _sea(picture, surface)
    pen.line(surface, fill=PAPER, width=4 * FINE, joint="curve")
    _boat(pen, hour=10.9)
    _scale(pen)
    _marks(pen)
    small = picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    # The median cut gives the sky its steps but no colour to the few pixels of boat and marks: theirs are added.
    steps = small.quantize(256 - len(ACCENTS), method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*steps[: 3 * (256 - len(ACCENTS))], *(part for colour in ACCENTS for part in colour)])
    return small.quantize(palette=palette, dither=Image.Dither.NONE)


def _y(metres: float) -> float:
    return (HEIGHT - 40 - metres / TOP_M * (HEIGHT - 60)) * FINE


def _x(hour: float) -> float:
    return hour / 24 * WIDTH * FINE


def _moon(pen: ImageDraw.ImageDraw) -> None:
    x, y, r = 930 * FINE, 96 * FINE, 46 * FINE
    pen.ellipse((x - r, y - r, x + r, y + r), fill=PAPER)
    for dx, dy, size in ((-14, -10, 11), (12, 12, 8), (14, -18, 6), (-8, 20, 5)):
        cx, cy, cr = x + dx * FINE, y + dy * FINE, size * FINE
        pen.ellipse((cx - cr, cy - cr, cx + cr, cy + cr), fill=(236, 226, 208))
    for sx, sy in ((90, 60), (210, 118), (330, 44), (470, 96), (610, 52), (745, 128), (1060, 60), (800, 40)):
        pen.ellipse((sx * FINE, sy * FINE, (sx + 3) * FINE, (sy + 3) * FINE), fill=PAPER)


def _hills(pen: ImageDraw.ImageDraw) -> None:
    for base, size, wave, colour in ((318, 34, 260, (112, 104, 124)), (346, 24, 170, (76, 82, 106))):
        ridge = [
            (x * FINE, (base - size * math.sin(x / wave) - size / 3 * math.sin(x / (wave / 3.1))) * FINE)
            for x in range(0, WIDTH + 1, 4)
        ]
        pen.polygon([(0, HEIGHT * FINE), *ridge, (WIDTH * FINE, HEIGHT * FINE)], fill=colour)


def _sea(picture: Image.Image, surface: Sequence[tuple[float, float]]) -> None:
    width, height = picture.size
    water = Image.new("RGB", picture.size)
    pen = ImageDraw.Draw(water)
    for y in range(height):
        pen.line([(0, y), (width, y)], fill=between(SEA_TOP, SEA_LOW, y / height))
    shape = Image.new("L", picture.size)
    ImageDraw.Draw(shape).polygon([(0, height), *surface, (width, height)], fill=255)
    picture.paste(water, (0, 0), shape)


def _boat(pen: ImageDraw.ImageDraw, *, hour: float) -> None:
    x, y = _x(hour), _y(height_m(hour)) - 2 * FINE
    ahead = _y(height_m(hour + 0.5)) - _y(height_m(hour - 0.5))
    lean = math.atan2(ahead, _x(1)) * 0.5

    def place(dx: float, dy: float) -> tuple[float, float]:
        cos, sin = math.cos(lean), math.sin(lean)
        return x + (dx * cos - dy * sin) * FINE, y + (dx * sin + dy * cos) * FINE

    pen.polygon([place(-34, -12), place(34, -12), place(22, 8), place(-24, 8)], fill=(164, 60, 48))
    pen.line([place(0, -12), place(0, -84)], fill=INK, width=3 * FINE)
    pen.polygon([place(4, -80), place(4, -20), place(36, -20)], fill=PAPER)
    pen.polygon([place(-4, -70), place(-4, -20), place(-24, -20)], fill=(240, 220, 190))


def _scale(pen: ImageDraw.ImageDraw) -> None:
    small = ImageFont.truetype(FONT, 19 * FINE)
    for metres in (1, 3, 5):
        y = _y(metres)
        for x in range(14, WIDTH - 10, 22):
            pen.line([(x * FINE, y), ((x + 6) * FINE, y)], fill=(214, 224, 224), width=FINE)
        pen.text(((WIDTH - 14) * FINE, y - 5 * FINE), f"{metres} m", font=small, fill=PAPER, anchor="rs")
    for hour in (3, 6, 9, 12, 15, 18, 21):
        pen.text((_x(hour), (HEIGHT - 20) * FINE), f"{hour}:00", font=small, fill=PAPER, anchor="mm")


def _marks(pen: ImageDraw.ImageDraw) -> None:
    bold = ImageFont.truetype(FONT, 22 * FINE)
    for turn, name in ((0.0, "high"), (0.5, "low"), (1.0, "high"), (1.5, "low")):
        hour = HIGH_H + turn * PERIOD_H
        x, y = _x(hour), _y(height_m(hour))
        r = 7 * FINE
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(246, 190, 92), outline=INK, width=FINE)
        said = f"{name} {int(hour)}:{round(hour % 1 * 60):02d}"
        above = name == "high"
        pen.text((x, y + (-22 if above else 26) * FINE), said, font=bold, fill=PAPER, anchor="mb" if above else "mt")


if __name__ == "__main__":
    draw().save(TARGET, optimize=True)
    print(f"{TARGET}: {TARGET.stat().st_size} octets")
