"""``[TOC]`` alone in a paragraph: a list of the post's headings, each a link."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from newsletter_cli.rendering.dialect import tree

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARKS = frozenset({"[toc]", "[[toc]]"})


class Contents(Treeprocessor):
    """Puts the list in the place of the first mark; further ones go."""

    def run(self, root: Element) -> None:
        """Change the tree in place."""
        marks = [
            paragraph
            for paragraph in root.iter("p")
            if not len(paragraph) and (paragraph.text or "").strip().lower() in _MARKS
        ]
        if not marks:
            return
        for mark in marks:
            mark.text = None
        marks[0].tag = "div"
        marks[0].set("class", "toc")
        _list(marks[0], [element for element in root.iter() if element.tag in tree.HEADINGS])


def _list(parent: Element, headings: Sequence[Element]) -> None:
    """Nested lists: a deeper heading stands inside the item of the one before."""
    open_lists: list[tuple[int, Element]] = []
    for heading in headings:
        level = tree.HEADINGS.index(heading.tag)
        while len(open_lists) > 1 and open_lists[-1][0] > level:
            open_lists.pop()
        if not open_lists or open_lists[-1][0] < level:
            inside = open_lists[-1][1][-1] if open_lists else parent
            open_lists.append((level, SubElement(inside, "ul")))
        item = SubElement(open_lists[-1][1], "li")
        link = SubElement(item, "a", {"href": f"#{heading.get('id', '')}"})
        link.text = AtomicString(tree.text_of(heading))
