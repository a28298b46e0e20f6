"""Colours: how well one is read on another, and what becomes of a post's own in dark mail clients.

A post may colour its words, and highlighted code does. On the dark page each such colour is replaced by a lighter one
of its hue, through a class of ours; words on a ground of the post's own keep both, and get ink where they name none.
Code is darkened too where its palette is too pale on the light page; a writer's own colour there only gives a warning
(`faint`). `settle` changes the tree in place; raises nothing.
"""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.nodes import add_class, drop, line_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

READABLE = 4.5  # WCAG 2.2 §1.4.3
_AIM = 5.0  # a little more, so that rounding does not undo it
_FAINT = 3.0  # below it WCAG lets not even large letters pass
_MOST = 60  # colours of one post that get a rule; a post with more is a picture
_DECLARATION = re.compile(r"(?:^|;)\s*(color|background(?:-color)?)\s*:\s*([^;]+)", re.IGNORECASE)


def contrast(one: str, other: str) -> float:
    """How well one colour is read on another: 1 to 21 (WCAG 2.2, "contrast ratio"). Both as ``#rrggbb``."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=512)
def readable(colour: str, ground: str) -> str:
    """The colour of the same hue, as near as can be, that is read on `ground`."""
    red, green, blue = _parts(colour)
    hue, light, fullness = colorsys.rgb_to_hls(red, green, blue)
    step = 0.01 if _luminance(ground) < 0.2 else -0.01
    for _ in range(100):  # from black to white in hundredths
        if contrast(colour, ground) >= _AIM:
            break
        light = min(1.0, max(0.0, light + step))
        colour = "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, light, fullness))
    return colour


def six(colour: str) -> str:
    """``#abc`` as ``#aabbcc``, in small letters."""
    return colour.lower() if len(colour) == 7 else "#" + "".join(digit * 2 for digit in colour[1:].lower())


def _parts(colour: str) -> tuple[float, float, float]:
    said = six(colour)
    return int(said[1:3], 16) / 255, int(said[3:5], 16) / 255, int(said[5:7], 16) / 255


def _luminance(colour: str) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=512)
def named(said: str) -> str:
    """A CSS colour as ``#rrggbb``; empty where it is none, or lets the ground through."""
    from PIL import ImageColor

    text = re.sub(r"!\s*important", "", said, flags=re.IGNORECASE).strip()
    if len(text) > 40 or text.lower() in {"transparent", "inherit", "initial", "currentcolor"}:
        return ""
    try:
        found = ImageColor.getrgb(re.sub(r"\s+", "", text))
    except ValueError:
        return ""
    return "#" + "".join(f"{part:02x}" for part in found[:3]) if len(found) < 4 or found[3] > 127 else ""


def faint(tree: etree._Element, *, paper: str, file: str) -> list[Problem]:
    """A warning for each colour of the post's own that nobody can read on what lies behind it."""
    found: dict[tuple[str, str], Problem] = {}
    for element in tree.iter("*"):
        declared = {name.lower(): value for name, value in _DECLARATION.findall(element.get("style", ""))}
        colour = named(declared.get("color") or (element.get("color", "") if element.tag == "font" else ""))
        if not colour or not text_of(element) or any(outer.tag == "pre" for outer in element.iterancestors()):
            continue  # highlighted code is settled below
        ground = next(_grounds(element), paper)
        ratio = contrast(colour, ground)
        if ratio < _FAINT:
            said = f"words in {colour} on {ground} can hardly be read (contrast {ratio:.1f} to 1)"
            hint = f"{readable(colour, ground)} can"
            problem = Problem(
                text=said, file=file, line=line_of(element), hint=hint, severity=Severity.WARNING, code="contrast"
            )
            found.setdefault((colour, ground), problem)
    return list(found.values())


def settle(tree: etree._Element, *, ink: str, paper: str, wash: str, dark_wash: str) -> list[tuple[str, str]]:
    """Give the post's own colours a class each; (class, colour on the dark page) in the order of their use.

    `paper` and `wash` are the light grounds of text and of code, `dark_wash` the lighter of the dark grounds, `ink` the
    colour of text on a light ground.
    """
    rules: dict[str, tuple[str, str]] = {}
    for element in tree.iter("*"):
        if element.tag == "font" and (colour := named(element.get("color", ""))):
            element.set("style", f"color:{colour}; {element.get('style', '')}")
            drop(element, "color")
        declared = {name.lower(): value for name, value in _DECLARATION.findall(element.get("style", ""))}
        if not declared or element.get("class", "").startswith("nl-"):
            continue
        grounds = [colour for name, value in declared.items() if name != "color" and (colour := named(value))]
        if grounds:
            if "color" not in declared:
                fitting = ink if contrast(ink, grounds[0]) >= contrast(paper, grounds[0]) else paper
                element.set("style", f"{element.get('style', '').rstrip('; ')}; color:{fitting}")
                _rule(element, fitting, rules)
            else:
                _rule(element, named(declared["color"]), rules)
            continue
        colour = named(declared.get("color", ""))
        if not colour or _grounded(element):
            continue
        if any(outer.tag == "pre" for outer in element.iterancestors()):
            fitting = readable(colour, wash)
            element.set("style", _DECLARATION.sub(f";color:{fitting}", element.get("style", "")).lstrip(";"))
        _rule(element, readable(colour, dark_wash), rules)
    return list(rules.values())


def _rule(element: etree._Element, dark: str, rules: dict[str, tuple[str, str]]) -> None:
    if dark and (dark in rules or len(rules) < _MOST):
        name, _ = rules.setdefault(dark, (f"nl-c{len(rules)}", dark))
        add_class(element, name)


def _grounded(element: etree._Element) -> bool:
    """Whether a ground of the post's own lies behind an element."""
    parent = element.getparent()
    return parent is not None and next(_grounds(parent), None) is not None


def _grounds(element: etree._Element) -> Iterator[str]:
    """The grounds of the post's own behind an element, the nearest first."""
    for outer in (element, *element.iterancestors()):
        for name, value in _DECLARATION.findall(outer.get("style", "")):
            if name.lower() != "color" and (colour := named(value)):
                yield colour
