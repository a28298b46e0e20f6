"""An SVG becomes a PNG, drawn by resvg (the extra ``images``), and reads nothing on the way.

resvg opens files that an SVG names by an absolute path, so the drawing is parsed here first: whatever refers to
anything but a part of itself or a picture inside it is refused, and what was parsed is what is drawn. No fonts travel
in an SVG: its text is drawn with those of the machine. Opens no file, no connection; raises NotDrawn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from newsletter_cli.rendering.nodes import words

if TYPE_CHECKING:
    from lxml import etree

_LARGEST = 8_000_000
_STEEPEST = 20  # times as high as wide, or as wide as high: more is no picture, and takes a tall canvas
_DEFAULT = (300.0, 150.0)  # what browsers take where an SVG names no size (CSS 2.2 §10.3.2)
_INSIDE = re.compile(r"\s*(?:#|data:image/(?:png|jpe?g|gif|webp)[;,])", re.IGNORECASE)
_OUTSIDE_STYLE = re.compile(
    r"@import|url\(\s*['\"]?\s*(?!#|['\"]?#|data:image/(?:png|jpe?g|gif|webp))|\\", re.IGNORECASE
)
_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)(?:px)?\s*\Z")
_RUNNING = words("script foreignObject iframe audio video")


class NotDrawn(Exception):
    """The drawing cannot be made; `hint` says what to do."""

    def __init__(self, text: str, hint: str = "export it as PNG") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Drawn:
    """The PNG, and the width in CSS pixels at which the drawing is meant to be shown."""

    data: bytes
    width: int


def draw(data: bytes, longest: int) -> Drawn:
    """Draw an SVG at twice its size, at most `longest` pixels on the longer side. Raises NotDrawn."""
    try:
        resvg: Any = import_module("resvg_py")  # by name: the checker need not have what is optional
    except ImportError as error:
        said = "it is SVG, which mail clients do not show and which needs a library to draw"
        raise NotDrawn(said, 'pip install "newsletter-cli[images]"') from error
    root = _parsed(data)
    width, height = _size(root)
    if not 1 / _STEEPEST <= width / height <= _STEEPEST:
        raise NotDrawn(f"its SVG is {width:g} by {height:g}")
    scale = min(2.0, longest / max(width, height))
    try:
        from lxml import etree

        text = etree.tostring(root, encoding="unicode")
        png = bytes(resvg.svg_to_bytes(svg_string=text, width=max(1, round(width * scale))))
    except Exception as error:  # the binding raises what the renderer says
        raise NotDrawn(f"its SVG cannot be drawn ({' '.join(str(error).split())[:80]})") from error
    return Drawn(png, max(1, round(min(width, width * scale))))


def _parsed(data: bytes) -> etree._Element:
    """The drawing as a tree that refers to nothing outside it."""
    from lxml import etree

    if len(data) > _LARGEST:
        raise NotDrawn("its SVG has more than 8 MB")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise NotDrawn(f"its SVG is damaged ({error.msg})") from error
    for element in root.iter():
        if not isinstance(element.tag, str):
            if element.tag is etree.Entity or element.tag is etree.PI:  # a style sheet can be an instruction
                raise NotDrawn("its SVG takes other files in")
            continue
        name = etree.QName(element).localname
        if name in _RUNNING or (name == "style" and _OUTSIDE_STYLE.search(element.text or "")):
            raise NotDrawn("its SVG runs or takes in something else")
        for key, value in element.attrib.items():
            local = etree.QName(key).localname
            outside = (
                not _INSIDE.match(str(value)) if local in {"href", "src", "base"} else _OUTSIDE_STYLE.search(str(value))
            )
            if outside and name != "a":  # a link of a drawing leads somewhere, and takes nothing in
                raise NotDrawn("its SVG takes other files in")
    return root


def _size(root: etree._Element) -> tuple[float, float]:
    """The size in CSS pixels: its own, else the view box's."""
    box = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", root.get("viewBox", ""))][2:4]
    wide, high = box if len(box) == 2 and all(box) else _DEFAULT
    own = [_LENGTH.match(root.get(name, "")) for name in ("width", "height")]
    width, height = (float(match[1]) if match and float(match[1]) else 0.0 for match in own)
    if width and height:
        return width, height
    if width or height:
        return (width, width * high / wide) if width else (height * wide / high, height)
    return abs(wide), abs(high)
