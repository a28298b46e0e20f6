"""Image bytes become image bytes that every mail client shows: PNG, JPEG or GIF, upright, no wider than needed.

What a file is, its bytes say, never its name. PNG, JPEG and GIF that fit pass through with their metadata stripped and
their pixels untouched; what is too large or of another kind (WebP, TIFF, AVIF, BMP, HEIC, SVG) is decoded and written
again. The same bytes give the same bytes on every run. HEIC and SVG need libraries of the extra ``images``. Reads no
file, opens no connection; raises NotShown with what is wrong.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from newsletter_cli.rendering import vector

if TYPE_CHECKING:
    from PIL import Image

_EXTRA = 'pip install "newsletter-cli[images]"'
_MOST_PIXELS = 120_000_000  # a 120 megapixel scan is decoded in 360 MB; more is a bomb, not a picture for a mail
_JPEG_QUALITY = 82  # with full colour resolution, which letters in a chart need
# Flat graphics are smaller or sharper as PNG; a photograph is several times larger. Kept while it costs little.
_PNG_MAY_BE = 2.5
_PNG_ALWAYS_UNDER = 80_000

_SIGNATURES = (
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("tiff", re.compile(rb"II\x2a\0|MM\0\x2a|II\x2b\0|MM\0\x2b")),
    ("avif", re.compile(rb"....ftyp(?:avif|avis)", re.DOTALL)),
    ("heic", re.compile(rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)),
    ("bmp", re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL)),
    ("ico", re.compile(rb"\0\0\x01\0[^\0]")),
    (
        "svg",
        re.compile(
            rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>[]*(?:\[[^\]]*\]\s*)?>|\s)*<svg[\s>]",
            re.DOTALL,
        ),
    ),
)
_MIMES = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif"}
_ENDINGS = {"png": "png", "jpeg": "jpg", "gif": "gif"}
# Segments of a JPEG that are no picture: Exif and XMP (APP1), what cameras and editors add, comments. APP0 (JFIF),
# APP2 (the colour profile) and APP14 (Adobe's colour transform) are needed to show it right.
_JPEG_DROPPED = frozenset({0xE1, *range(0xE3, 0xEE), 0xEF, 0xFE})
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD"}
    | {b"pHYs", b"acTL", b"fcTL", b"fdAT"}
)


class NotShown(Exception):
    """The bytes are no image that a mail can show; `hint` says what to do."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image as it is shipped; `kind` is png, jpeg or gif; `clear` says that some of it is transparent.

    `width` and `height` are its pixels; `shown_width` the CSS pixels that a drawing asks for, 0 where it says nothing.
    """

    data: bytes
    kind: str
    width: int
    height: int
    clear: bool = False
    shown_width: int = 0

    @property
    def mime(self) -> str:
        """Its MIME type."""
        return _MIMES[self.kind]

    @property
    def ending(self) -> str:
        """The ending of its file name, without a dot."""
        return _ENDINGS[self.kind]


def sniff(data: bytes) -> str:
    """What the bytes are, by their first ones; empty where they are no image known here."""
    return next((kind for kind, signature in _SIGNATURES if signature.match(data[:4096])), "")


@lru_cache(maxsize=64)
def fit(data: bytes, longest: int) -> Picture:
    """The bytes as a mail shows them, at most `longest` pixels on the longer side. Raises NotShown."""
    kind = sniff(data)
    if not kind:
        what = "a web page" if data.lstrip()[:1] == b"<" else "no image that is known here"
        raise NotShown(f"it is {what}", "PNG, JPEG, GIF, WebP, AVIF, TIFF, HEIC and SVG are")
    if kind == "svg":
        return _drawn(data, longest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what it reads all the same: odd EXIF, large pictures
        try:
            return _fitted(_opened(data, kind), data, kind, longest)
        except NotShown:
            raise
        except Exception as error:  # a decoder raises whatever its format makes it
            raise NotShown(f"its {kind.upper()} data is damaged ({_said(error)})", "export it again") from error


def _drawn(data: bytes, longest: int) -> Picture:
    """An SVG, which is sharp at any size, at the size that it names."""
    try:
        drawn = vector.draw(data, longest)
    except vector.NotDrawn as error:
        raise NotShown(error.text, error.hint) from error
    picture = fit(drawn.data, longest)
    return replace(picture, shown_width=drawn.width)


def _opened(data: bytes, kind: str) -> Image.Image:
    from PIL import Image

    if kind == "heic":
        try:
            heif: Any = import_module("pillow_heif")  # by name: the checker need not have what is optional
        except ImportError as error:
            raise NotShown("it is HEIC, which needs a library", _EXTRA) from error
        heif.register_heif_opener()
    image = Image.open(io.BytesIO(data))
    if image.width * image.height > _MOST_PIXELS:
        raise NotShown(f"it has {image.width} × {image.height} pixels", "make it smaller")
    return image


def _fitted(image: Image.Image, data: bytes, kind: str, longest: int) -> Picture:
    upright = image.getexif().get(0x0112, 1) in {0, 1}  # the tag Orientation
    small = max(image.size) <= longest
    if kind == "gif" and getattr(image, "is_animated", False):
        image.load()
        return Picture(data=data, kind="gif", width=image.width, height=image.height)
    if kind in _MIMES and small and upright and image.mode != "CMYK":
        image.load()
        stripped = _stripped_png(data) if kind == "png" else _stripped_jpeg(data) if kind == "jpeg" else data
        return Picture(data=stripped, kind=kind, width=image.width, height=image.height, clear=_clear(image))
    return _written(image, kind, longest)


def _written(image: Image.Image, kind: str, longest: int) -> Picture:
    """Decode, turn, shrink, and write as whichever of PNG and JPEG serves the picture."""
    from PIL import Image, ImageOps

    if kind == "jpeg":
        image.draft("RGB", (longest, longest))  # decodes at half or a quarter where that is enough
    image = ImageOps.exif_transpose(image)
    clear = _clear(image)
    image = _eight_bits(image)
    if clear or image.mode not in {"RGB", "L", "CMYK"}:
        profile = image.info.get("icc_profile")
        image = image.convert("RGBA" if clear else "RGB")
        image.info["icc_profile"] = profile
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3.0)
    image = _in_srgb(image).convert("RGBA" if clear else "RGB")
    png = b"" if kind == "jpeg" else _saved(image, "PNG", compress_level=7)
    jpeg = (
        b"" if clear else _saved(image, "JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True, progressive=True)
    )
    if not jpeg or (png and (len(png) <= _PNG_ALWAYS_UNDER or len(png) <= len(jpeg) * _PNG_MAY_BE)):
        return Picture(data=png, kind="png", width=image.width, height=image.height, clear=clear)
    return Picture(data=jpeg, kind="jpeg", width=image.width, height=image.height)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 or 32 bits a pixel, as scanners and plots write them, in the eight that Pillow can go on with."""
    if not image.mode.startswith(("I", "F")):
        return image
    highest = image.getextrema()[1]
    whole = 65_535.0 if image.mode.startswith("I;16") else float(highest) if isinstance(highest, (int, float)) else 0.0
    if whole <= 0 or (image.mode == "I" and whole <= 255):
        return image.convert("L")
    if image.mode == "I" and whole <= 65_535:
        whole = 65_535.0
    exact = image if image.mode == "F" else image.convert("I").convert("F")  # from I;16 to F Pillow would clip
    return exact.point(lambda value: value * (255 / whole)).convert("L")


def _in_srgb(image: Image.Image) -> Image.Image:
    """The colours as a screen without the picture's profile shows them: phones photograph in Display P3."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a profile of another kind of picture, or none


def _saved(image: Image.Image, form: str, **options: int | bool) -> bytes:
    image.info.clear()  # no comment, profile or date of the original
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _clear(image: Image.Image) -> bool:
    if "transparency" not in image.info and image.mode not in {"RGBA", "LA", "PA", "RGBa", "La"}:
        return False
    lowest = image.convert("RGBA").getchannel("A").getextrema()[0]
    return isinstance(lowest, (int, float)) and lowest < 250


def _stripped_jpeg(data: bytes) -> bytes:
    """A JPEG without the segments that are no picture (ITU T.81 B.1.1), and without what stands behind its end.

    Phones put a second picture or a film there, with metadata of its own.
    """
    kept = [data[:2]]
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xD9:  # the end
            break
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xDA:  # a scan: its entropy-coded data goes on to the next marker that is no restart
            coded = _MARKER.search(data, end)
            end = coded.start() if coded else len(data)
        segment = data[at:end]
        if marker not in _JPEG_DROPPED and not (marker == 0xE2 and segment[4:8] == b"MPF\0"):
            kept.append(segment)
        at = end
    else:
        return b"".join([*kept, data[at:]])  # cut short, or something else between two segments
    return b"".join([*kept, b"\xff\xd9"])


def _stripped_png(data: bytes) -> bytes:
    """A PNG without the chunks that are no picture (PNG 3rd edition §11)."""
    kept = [data[:8]]
    at = 8
    while at + 12 <= len(data):
        size = 12 + struct.unpack_from(">I", data, at)[0]
        name = data[at + 4 : at + 8]
        if name in _PNG_KEPT:
            kept.append(data[at : at + size])
        at += size
        if name == b"IEND":
            break
    return b"".join(kept)


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__
