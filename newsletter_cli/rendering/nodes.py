"""Small moves on the tree that the whole room makes: where an element stands, and taking it or its tag out."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

LINE = "data-line"


def words(text: str) -> frozenset[str]:
    """The words of a text, for tables of names that read better as prose."""
    return frozenset(text.split())


def classes(element: etree._Element) -> set[str]:
    """The class names of an element."""
    return set(element.get("class", "").split())


def text_of(element: etree._Element) -> str:
    """All text in an element, white space collapsed."""
    return " ".join("".join(str(part) for part in element.itertext()).split())


def inner_html(element: etree._Element) -> str:
    """What stands in an element, as HTML."""
    from lxml import html

    parts = [escape(element.text or "", quote=False)]
    parts += [str(html.tostring(child, encoding="unicode")) for child in element]  # with the text behind each
    return "".join(parts)


def add_class(element: etree._Element, name: str) -> None:
    """Give an element one more class."""
    element.set("class", f"{element.get('class', '')} {name}".strip())


def drop(element: etree._Element, *names: str) -> None:
    """Take attributes away, where they are there."""
    for name in names:
        if name in element.attrib:
            del element.attrib[name]


def line_of(element: etree._Element) -> int | None:
    """The physical line of an element: its own, or that of the nearest element around it."""
    at: etree._Element | None = element
    while at is not None:
        said = at.get(LINE, "")
        if said.isdigit():
            return int(said)
        at = at.getparent()
    return None


def unwrap(element: etree._Element) -> None:
    """Take an element's tag away; its content stays where it was."""
    parent = element.getparent()
    if parent is None:
        return
    at = parent.index(element)
    _append_text(parent, at, element.text)
    for child in list(element):
        parent.insert(at, child)
        at += 1
    tail = element.tail
    parent.remove(element)
    _append_text(parent, at, tail)


def remove(element: etree._Element) -> None:
    """Take an element out with all it holds; the text behind it stays."""
    parent = element.getparent()
    if parent is not None:
        _append_text(parent, parent.index(element), element.tail)
        element.tail = None
        parent.remove(element)


def _append_text(parent: etree._Element, at: int, text: str | None) -> None:
    """Add text before the child at `at`."""
    if not text:
        return
    if at == 0:
        parent.text = (parent.text or "") + text
    else:
        before = parent[at - 1]
        before.tail = (before.tail or "") + text
