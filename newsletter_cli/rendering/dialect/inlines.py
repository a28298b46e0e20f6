"""The inline parser: a block's text in, its content out, in one pass from left to right.

Stands in the place of Python-Markdown's inline processors, which run every pattern over the whole text in turn and are
quadratic in unclosed brackets. Here a scanner stops at the characters that mean something and asks the `Inline`
constructs registered for them; what none takes is text. Emphasis, quotes and brackets leave marks that are paired
afterwards (`delimiters`) or when a bracket closes (`brackets`), each in linear time.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from typing import TYPE_CHECKING

from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString, Registry

from newsletter_cli.rendering.dialect import tree
from newsletter_cli.rendering.dialect.delimiters import Delimiter, resolve
from newsletter_cli.rendering.dialect.footnotes import Footnotes
from newsletter_cli.rendering.dialect.references import Reference, key

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from markdown import Markdown

    from newsletter_cli.rendering.dialect.blocks import LineParser
    from newsletter_cli.rendering.dialect.brackets import Opener

# White space at the end says nothing, unless a backslash keeps it.
_TRAILING = re.compile(r"(?<!\\)[ \n]+\Z")


class Inline(ABC):
    """One kind of inline construct."""

    # The characters it begins with.
    characters = ""

    @abstractmethod
    def read(self, scan: Scanner, at: int) -> int | None:
        """Read the construct at `at` into `scan`; give the place behind it, or None where it is only text."""


class Scanner:
    """One text on its way through. `pieces` holds finished texts and elements, and marks still to be paired."""

    def __init__(self, inliner: Inliner, text: str, line: int | None) -> None:
        self.inliner = inliner
        self.text = text
        self.line = line
        self.pieces: list[str | Element | Delimiter] = []
        self.openers: list[Opener] = []
        self.open_tags: dict[str, int] = {}  # raw HTML of this text
        self._line_ends: list[int] | None = None
        self._absent: dict[str, int] = {}
        self._ticks: dict[int, list[int]] | None = None

    def run(self, special: re.Pattern[str], table: dict[str, tuple[Inline, ...]]) -> list[str | Element]:
        """Scan the whole text; give its content."""
        text, at, behind = self.text, 0, 0
        while match := special.search(text, at):
            at = match.start()
            if at > behind:
                self.pieces.append(text[behind:at])
                behind = at
            for construct in table[match[0]]:
                end = construct.read(self, at)
                if end is not None:
                    at = behind = end
                    break
            else:
                at += 1
        if behind < len(text):
            self.pieces.append(text[behind:])
        return resolve(self.pieces)

    def line_at(self, at: int) -> int | None:
        """The physical line of a place in the text."""
        if self.line is None:
            return None
        if self._line_ends is None:
            self._line_ends = [match.start() for match in re.finditer("\n", self.text)]
        return self.line + bisect_right(self._line_ends, at - 1)

    def find(self, mark: str, at: int) -> int:
        """Where `mark` stands next, -1: nowhere; a text without it is looked through once."""
        if self._absent.get(mark, len(self.text) + 1) <= at:
            return -1
        found = self.text.find(mark, at)
        if found < 0:
            self._absent[mark] = at
        return found

    def closing_ticks(self, length: int, at: int) -> int:
        """Where the next run of exactly `length` backticks stands behind `at`, -1: nowhere."""
        if self._ticks is None:
            self._ticks = {}
            for match in re.finditer("`+", self.text):
                self._ticks.setdefault(len(match[0]), []).append(match.start())
        places = self._ticks.get(length, [])
        after = bisect_right(places, at)
        return places[after] if after < len(places) else -1


class Inliner(Treeprocessor):
    """Parses every text of the tree that is still source, then the notes in the order of their marks."""

    def __init__(self, md: Markdown, blocks: LineParser) -> None:
        super().__init__(md)
        self.blocks = blocks
        self.notes = Footnotes()
        self.captions: dict[Element, Element] = {}  # of images: the alternative text as inline content
        self.headings: dict[str, Reference] = {}  # by their source, as labels are
        self.pointers: list[tuple[Element, Element]] = []  # links to headings whose id is not known yet
        self.constructs: Registry[Inline] = Registry()
        self._table: dict[str, tuple[Inline, ...]] = {}
        self._special = re.compile(r"(?!)")

    def register(self, construct: Inline, name: str, priority: float) -> None:
        """Let a construct take part; those of higher priority are asked first."""
        self.constructs.register(construct, name, priority)
        characters = sorted({char for one in self.constructs for char in one.characters})
        self._table = {char: tuple(one for one in self.constructs if char in one.characters) for char in characters}
        self._special = re.compile(f"[{re.escape(''.join(characters))}]")

    def run(self, root: Element) -> None:
        """Change the tree in place."""
        for heading in root.iter():
            if heading.tag in tree.HEADINGS and heading.text:
                self.headings.setdefault(key(heading.text), Reference("", heading=heading))
        self._fill(root)
        done = 0
        while done < len(self.notes.items):
            self._fill(self.notes.items[done])
            done += 1
        if done:
            root.append(self.notes.section())

    def parse(self, text: str, line: int | None) -> list[str | Element]:
        """The content of one text."""
        return Scanner(self, _TRAILING.sub("", text), line).run(self._special, self._table)

    def _fill(self, root: Element) -> None:
        line: int | None = None
        for element in list(root.iter()):
            line = tree.line_of(element) or line
            text = element.text
            if text and not isinstance(text, AtomicString):
                element.text = None
                tree.fill(element, self.parse(text, line))
