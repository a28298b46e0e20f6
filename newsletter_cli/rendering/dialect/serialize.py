"""The finished tree as HTML text, for lxml to read.

Stands in the place of Python-Markdown's own serializer, which recurses and knows no raw HTML inside the tree. Iterative
and linear. `PLAIN` is written as its content, `RAW` as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect.tree import PLAIN, RAW

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# HTML §13.1.2: elements without an end tag.
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "wbr"})
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_VALUE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;"})


def to_html(root: Element) -> str:
    """Write `root` and all it holds."""
    parts: list[str] = []
    stack: list[Element | str] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        close = _open(item, parts)
        stack.append(close)
        for child in reversed(item):
            if child.tail:
                stack.append(child.tail.translate(_TEXT))
            stack.append(child)
    return "".join(parts)


def _open(element: Element, parts: list[str]) -> str:
    """Write an element's start tag and first text; give its end tag."""
    if element.tag == RAW:
        parts.append(element.text or "")
        return ""
    text = (element.text or "").translate(_TEXT)
    if element.tag == PLAIN:
        parts.append(text)
        return ""
    attributes = "".join(f' {name}="{value.translate(_VALUE)}"' for name, value in element.attrib.items())
    parts.append(f"<{element.tag}{attributes}>{text}")
    return "" if element.tag in VOID else f"</{element.tag}>"
