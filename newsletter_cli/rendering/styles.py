"""What a post may say about its own elements in style attributes: nothing that loads, lays over, hides or is too wide.

A parser of our own reads them, in linear time, so that no style of a post ever reaches cssutils. Pure; raises nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering.nodes import drop, words

if TYPE_CHECKING:
    from lxml import etree

_PROPERTIES = words(
    "background background-color border border-bottom border-color border-left border-radius border-right border-style"
    " border-top border-width color direction font font-family font-size font-style font-variant font-weight height"
    " letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-width"
    " padding padding-bottom padding-left padding-right padding-top text-align text-decoration text-indent"
    " text-transform vertical-align white-space width word-spacing"
)
_VALUE = re.compile(r"(?:[\w#%., \-+!/'\"]|rgba?\([\d., %/]+\)|hsla?\([\d., %/a-z]+\))*\Z", re.ASCII)
_LONGEST_VALUE = 200
_DECLARATION = re.compile(r"\s*([a-zA-Z-]+)\s*:\s*([^;]*)")
_NEGATIVE = re.compile(r"(?:^|\s)-\d")
# Lengths in CSS pixels, and how long one may be that is neither a width nor a height: a phone has 320 pixels.
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(px|pt|pc|em|rem|ex|ch|in|cm|mm|vw|vh)", re.IGNORECASE)
_PIXELS = {
    "pt": 1.34,
    "pc": 16,
    "em": 18,
    "rem": 16,
    "ex": 9,
    "ch": 9,
    "in": 96,
    "cm": 38,
    "mm": 3.8,
    "vw": 10,
    "vh": 10,
}
_LONGEST = 80
_WRAPPING = frozenset({"normal", "pre-wrap", "pre-line", "break-spaces"})
_SIZES = frozenset({"width", "max-width", "height"})


def clean(tree: etree._Element) -> None:
    """Leave in every style attribute of the tree what a mail may carry."""
    for element in tree.iter("*"):
        said = element.get("style")
        if said is not None:
            kept = safe_style(said)
            if kept:
                element.set("style", kept)
            else:
                drop(element, "style")


def safe_style(style: str) -> str:
    """The declarations of a style attribute that a mail may carry, in their order."""
    kept = []
    for part in style.split(";"):
        match = _DECLARATION.fullmatch(part.rstrip())
        if match is None or len(match[2]) > _LONGEST_VALUE:
            continue
        name, value = match[1].lower(), match[2].replace('"', "'")
        if (
            name not in _PROPERTIES
            or not _VALUE.match(value)
            or (name.startswith("margin") and _NEGATIVE.search(value))
        ):
            continue
        if fitted := _fitted(name, value.strip()):
            kept.append(fitted)
    return "; ".join(kept)


def _fitted(name: str, value: str) -> str:
    """A declaration that makes nothing wider than a phone; empty where it would."""
    if name == "white-space":
        return f"{name}:{value}" if value.lower().removesuffix("!important").strip() in _WRAPPING else ""
    if name == "height":
        return ""  # text is as high as it is; a picture's height follows its width
    lengths = [float(size) * _PIXELS.get(unit.lower(), 1) for size, unit in _LENGTH.findall(value)]
    if name in _SIZES:
        name = "max-width" if lengths else name  # a percentage is of the column already
        percent = re.match(r"(\d+(?:\.\d+)?)%", value)
        return f"{name}:{value}" if lengths or (percent and float(percent[1]) <= 100) or value == "auto" else ""
    return f"{name}:{value}" if not lengths or max(lengths) <= _LONGEST else ""
