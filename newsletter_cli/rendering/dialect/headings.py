"""Headings: ``# One``, and a line over ``===`` or ``---``; their ids. The page puts them under the mail's title."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from markdown.treeprocessors import Treeprocessor

from newsletter_cli.rendering.dialect import attributes, tree
from newsletter_cli.rendering.dialect.blocks import Construct

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from markdown import Markdown

    from newsletter_cli.rendering.dialect.blocks import State
    from newsletter_cli.rendering.dialect.source import Line

_ATX = re.compile(r"(#{1,6})(?: +(.*)|$)")
_CLOSING = re.compile(r"(?:^| +)#+ *\Z")
_UNDERLINE = re.compile(r"(=+|-+) *\Z")
_BRACE = re.compile(r" *(\{[^{}]*\}) *\Z")
# What takes attributes that stand right behind it: a link, an image, a span, code.
_TAKES_ATTRIBUTES = re.compile(r"(?:\](?:\([^\n]*\))?|`|>)\Z")


class AtxHeading(Construct):
    """``## Two ##``."""

    courtesy = True
    starts = "#"

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        del state
        match = _ATX.match(lines[at].text)
        if not match:
            return None
        text, found = _with_attributes(match[2] or "")
        _put(parent, len(match[1]), _CLOSING.sub("", text), found, lines[at])
        return at + 1

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        del state
        match = _ATX.match(lines[at].text)
        return bool(match and match[2])


class SetextHeading(Construct):
    """A line of text over a line of ``=`` or ``-``."""

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        del state
        if at + 1 >= len(lines) or not lines[at + 1].text.startswith(("=", "-")) or lines[at].indent >= 4:
            return None
        match = _UNDERLINE.match(lines[at + 1].text)
        if not match:
            return None
        text, found = _with_attributes(lines[at].text.strip(" "))
        _put(parent, 1 if match[1][0] == "=" else 2, text, found, lines[at])
        return at + 2


def _with_attributes(text: str) -> tuple[str, attributes.Attributes | None]:
    """A heading's text and the attributes in braces at its end, also in kramdown's form."""
    match = _BRACE.search(text)
    if match:
        found = attributes.read(match[1]) or attributes.read_kramdown(match[1])
        taken = match[0].startswith("{") and _TAKES_ATTRIBUTES.search(text, 0, match.start())
        if found and found[1] == len(match[1]) and not taken:
            return text[: match.start()], found[0]
    return text, None


def _put(parent: Element, level: int, text: str, found: attributes.Attributes | None, line: Line) -> None:
    heading = tree.block(parent, tree.HEADINGS[level - 1], line.number)
    heading.text = text.strip(" ")
    if found:
        attributes.put(heading, found)


class HeadingIds(Treeprocessor):
    """Gives each heading the id that pandoc gives it, and the links that name a heading by its text this id.

    `pointers` are those links, each with its heading.
    """

    def __init__(self, md: Markdown, pointers: list[tuple[Element, Element]]) -> None:
        super().__init__(md)
        self._pointers = pointers

    def run(self, root: Element) -> None:
        """Change the tree in place."""
        used = {element.get("id") for element in root.iter() if element.get("id")}
        counts: dict[str, int] = {}
        for heading in root.iter():
            if heading.tag not in tree.HEADINGS or heading.get("id"):
                continue
            name = slug(tree.text_of(heading))
            identifier = name
            while identifier in used:
                counts[name] = counts.get(name, 0) + 1
                identifier = f"{name}-{counts[name]}"
            used.add(identifier)
            heading.set("id", identifier)
        for link, heading in self._pointers:
            if link.tag == "a":  # a link inside a link is none any more
                link.set("href", f"#{heading.get('id')}")


def slug(text: str) -> str:
    """Pandoc's automatic identifier: letters, digits, ``_-.``, spaces as hyphens, nothing before the first letter."""
    kept = "".join(
        char if char.isalnum() or char in "_-." or unicodedata.category(char) == "Mn" else " " if char.isspace() else ""
        for char in text.lower()
    )
    name = "-".join(kept.split())
    start = next((at for at, char in enumerate(name) if char.isalpha()), None)
    return name[start:] if start is not None else "section"
