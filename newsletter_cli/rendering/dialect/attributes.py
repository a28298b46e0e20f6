r"""Attributes in braces: ``{#id .class key="va\"lue"}``, over several lines too, and kramdown's ``{:.class}``.

`read` takes a text and the place of its brace, gives `Attributes` and the place behind the closing brace, or None
where it is no attribute list. One pass, no backtracking over what was read. `put` sets on an element what mail and
the builders of cards can use; the rest (``target``, ``contenteditable``, tracking data) is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect import targets

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# One item and the white space before it. A value in quotes may hold escaped quotes (JSON does) and line ends.
_ITEM = re.compile(
    r"""\s*(?:
        \#(?P<id>[^\s{}"'=]+)
      | \.(?P<class>[^\s{}"'=]+)
      | (?P<key>[A-Za-z_:][\w:.-]*)\s*=\s*(?:
            "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>(?:[^'\\]|\\.)*)' | (?P<bare>[^\s{}"'\[\]]+)
        )
      | (?P<unnumbered>-)(?=[\s}])
    )(?=[\s}])""",
    re.VERBOSE | re.DOTALL,
)
_CLOSE = re.compile(r"\s*\}")
_RAW = re.compile(r"\{=(?P<format>[\w-]+)\}")
_PERCENT = re.compile(r"\d+(?:\.\d+)?%")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(px|in|cm|mm|pt|em)?")
_PIXELS = {"px": 1.0, "": 1.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "pt": 4 / 3, "em": 16.0}

# What pandoc's keys are called in HTML; the widgets' data under names of our own.
_RENAMED = {"attrs": "data-attrs", "component-name": "data-component", "data-component-name": "data-component"}
_KEPT = frozenset({"data-attrs", "data-component", "dir", "lang", "style", "title"})
# On elements that mean something by them.
_KEPT_ON = {
    "ol": frozenset({"start", "type"}),
    "td": frozenset({"align", "colspan", "rowspan"}),
    "th": frozenset({"align", "colspan", "rowspan"}),
}


@dataclass(frozen=True, slots=True)
class Attributes:
    """An attribute list; keys may repeat, the first counts."""

    identifier: str = ""
    classes: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


NONE = Attributes()


def read(text: str, at: int = 0) -> tuple[Attributes, int] | None:
    """Read the list whose brace stands at `at`."""
    if not text.startswith("{", at):
        return None
    at += 1
    identifier = ""
    classes: list[str] = []
    pairs: list[tuple[str, str]] = []
    while not (close := _CLOSE.match(text, at)):
        item = _ITEM.match(text, at)
        if not item:
            return None
        at = item.end()
        if item["id"]:
            identifier = item["id"]
        elif item["class"]:
            classes.append(item["class"])
        elif item["unnumbered"]:
            classes.append("unnumbered")
        else:
            pairs.append((item["key"], _value(item)))
    return Attributes(identifier, tuple(classes), tuple(pairs)), close.end()


def read_kramdown(text: str, at: int = 0) -> tuple[Attributes, int] | None:
    """Read ``{:.class #id key="value"}``, kramdown's own form, at `at`."""
    if not text.startswith("{:", at):
        return None
    found = read("{" + text[at + 2 : at + 2_000])
    return (found[0], at + 1 + found[1]) if found else None


def read_format(text: str, at: int = 0) -> tuple[str, int] | None:
    """Read a raw attribute, ``{=html}``: its format and the place behind it."""
    match = _RAW.match(text, at)
    return (match["format"], match.end()) if match else None


def _value(item: re.Match[str]) -> str:
    value: str = next(item[name] for name in ("double", "single", "bare") if item[name] is not None)
    return targets.unescaped(value).replace("\n", " ")


def put(element: Element, attributes: Attributes) -> None:
    """Set on `element` what has a meaning in mail; existing classes come first."""
    if attributes.identifier:
        element.set("id", attributes.identifier)
    if attributes.classes:
        element.set("class", " ".join([*element.get("class", "").split(), *attributes.classes]))
    allowed = _KEPT | _KEPT_ON.get(element.tag, frozenset())
    for key, value in attributes.pairs:
        name = _RENAMED.get(key.lower(), key.lower())
        if name in {"width", "height"} and element.tag in {"img", "table", "td", "th", "col"}:
            _put_size(element, name, value)
        elif name == "class":
            element.set("class", " ".join([*element.get("class", "").split(), *value.split()]))
        elif name == "id":
            element.set("id", value)
        elif name == "alt" and element.tag == "img":
            element.set(name, value)  # wins over the caption in the brackets
        elif name in allowed and element.get(name) is None:
            element.set(name, value)


def _put_size(element: Element, name: str, value: str) -> None:
    """A size in pixels is an attribute, a share of the line a style."""
    value = value.strip()
    if _PERCENT.fullmatch(value):
        style = element.get("style", "")
        element.set("style", f"{style}{'' if not style or style.endswith(';') else ';'}{name}:{value}")
    elif match := _SIZE.fullmatch(value):
        element.set(name, f"{float(match[1]) * _PIXELS[match[2] or '']:.0f}")
