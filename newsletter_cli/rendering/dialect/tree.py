"""The tree that blocks and inlines are built in: ElementTree, with two tags that are no HTML.

Python-Markdown's convention holds: an element's `text` that is no `AtomicString` is inline source still to be parsed.
Besides, `PLAIN` is a paragraph without a ``<p>`` (the text of a tight list's item), and `RAW` holds HTML to be written
as it stands; both exist only between the block parser and the serializer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from markdown.util import AtomicString

from newsletter_cli.rendering.clean import LINE

if TYPE_CHECKING:
    from collections.abc import Iterable
PLAIN = "plain"
RAW = "raw"
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def block(parent: Element, tag: str, line: int | None = None) -> Element:
    """A new last child that knows its line."""
    element = SubElement(parent, tag)
    if line is not None:
        element.set(LINE, str(line))
    return element


def raw(parent: Element, html: str) -> Element:
    """A new last child that is written as it stands."""
    element = SubElement(parent, RAW)
    element.text = AtomicString(html)
    return element


def raw_element(html: str) -> Element:
    """The same without a parent."""
    element = Element(RAW)
    element.text = AtomicString(html)
    return element


def line_of(element: Element) -> int | None:
    """The line an element says it stands on."""
    line = element.get(LINE)
    return int(line) if line else None


def fill(element: Element, pieces: Iterable[str | Element]) -> Element:
    """Add texts and elements to an element's content, in one pass."""
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
        else:
            _add_text(element, texts)
            element.append(piece)
    _add_text(element, texts)
    return element


def _add_text(element: Element, texts: list[str]) -> None:
    """Add text behind what an element holds."""
    if not texts:
        return
    if len(element):
        element[-1].tail = AtomicString((element[-1].tail or "") + "".join(texts))
    else:
        element.text = AtomicString((element.text or "") + "".join(texts))
    texts.clear()


def text_of(element: Element) -> str:
    """What a reader reads of it: all text, an image's alt; raw HTML says nothing."""
    parts: list[str] = []
    stack: list[Element | str] = [element]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        if item.tag != RAW:
            parts.append(item.get("alt", "") if item.tag == "img" else item.text or "")
            for child in reversed(item):
                stack += [child.tail or "", child]
    return "".join(parts)
