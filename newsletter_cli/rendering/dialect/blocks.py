"""The block parser: lines in, a tree of blocks out, each block's text still unparsed.

Stands in the place of Python-Markdown's block parser, whose processors are handed text split at blank lines: in this
dialect a list item, a fenced box and a footnote hold blank lines, and what a line means depends on the boxes it stands
in. Here every construct is a `Construct`, registered with a priority as Python-Markdown's processors are; the parser
asks those that may begin with a line's first character, the paragraph last. What a construct holds is parsed by the
same parser from lines without the container's marks. Every line is looked at a bounded number of times a level, and
levels are bounded (`source.MAX_DEPTH`), so time is linear in the text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from markdown.blockparser import BlockParser
from markdown.util import Registry

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.dialect import html_tags, tree
from newsletter_cli.rendering.dialect.source import MAX_DEPTH, too_deep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markdown import Markdown

    from newsletter_cli.rendering.dialect.references import Reference
    from newsletter_cli.rendering.dialect.source import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a block must know of where it stands."""

    depth: int = 0
    in_item: bool = False  # somewhere in a list item: a list may begin under a paragraph's line
    in_box: bool = False  # somewhere in a fenced box: its closing fence ends a paragraph
    loose_end: bool = True  # a paragraph that is the last block here is one (False: it has no <p>)
    tags: dict[str, int] = field(default_factory=dict)  # raw HTML tags open in this container
    absent: dict[str, int] = field(default_factory=dict)  # what was looked for in vain in these lines

    @property
    def in_html(self) -> bool:
        """Whether a raw HTML element is open here."""
        return any(self.tags.values())


class Construct(ABC):
    """One kind of block."""

    parser: LineParser
    # Whether it begins under a paragraph's line as CommonMark allows, not pandoc: never inside raw HTML, which is
    # wrapped anywhere.
    courtesy = False
    # The characters one of which such a block's first line begins with, behind up to three spaces; empty: any.
    starts = ""

    @abstractmethod
    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read a block from line `at` on into `parent`; give the line behind it, or None where there is none.

        May replace a line that it read only in part by its rest.
        """

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether such a block may begin at `at`, directly under a line of a paragraph."""
        del lines, at, state
        return False


class LineParser(BlockParser):
    """The parser of one document. `problems` are warnings found on the way."""

    def __init__(self, md: Markdown, *, file: str) -> None:
        super().__init__(md)
        self.file = file
        self.problems: list[Problem] = []
        self.references: dict[str, Reference] = {}
        self.notes: dict[str, Element] = {}
        self.constructs: Registry[Construct] = Registry()
        self._asked: dict[str, tuple[Construct, ...]] = {}

    def register(self, construct: Construct, name: str, priority: float) -> None:
        """Let a construct take part; those of higher priority are asked first."""
        construct.parser = self
        self.constructs.register(construct, name, priority)
        self._asked.clear()

    def parse_lines(self, lines: list[Line]) -> Element:
        """Parse a whole document."""
        root = Element("div")
        self.parse(root, lines)
        return root

    def parse(
        self,
        parent: Element,
        lines: list[Line],
        at: int = 0,
        state: State | None = None,
        until: Callable[[str], bool] | None = None,
    ) -> int:
        """Parse blocks into `parent` until the lines end or `until` says so of a line; give the place reached."""
        state = state or State()
        while at < len(lines):
            text = lines[at].text
            if not text.strip(" "):
                at += 1
            elif until and until(text):
                break
            else:
                at = self.block(parent, lines, at, state)
        for name in [name for name, count in state.tags.items() for _ in range(count)][::-1]:
            tree.raw(parent, f"</{name}>")  # no raw element reaches out of what holds it
        state.tags.clear()
        return at

    def inside(
        self, state: State, line: Line, *, item: bool = False, box: bool = False, loose_end: bool = True
    ) -> State:
        """The state one level further in. Raises Refused where the level is one too many."""
        depth = state.depth + 1
        if state.tags:
            depth += sum(count for name, count in state.tags.items() if name in html_tags.NESTING_TAGS)
        if depth > MAX_DEPTH:
            raise too_deep(line.number, file=self.file)
        return State(depth=depth, in_item=item or state.in_item, in_box=box or state.in_box, loose_end=loose_end)

    def interrupted(self, lines: list[Line], at: int, state: State) -> Construct | None:
        """The construct that begins at `at` although a paragraph stands directly above it."""
        for construct in self._candidates(lines[at].text):
            if not (construct.courtesy and state.in_html) and construct.interrupts(lines, at, state):
                return construct
        return None

    def warn(self, text: str, line: Line | int | None, *, hint: str = "", code: str = "markdown") -> None:
        """Keep a warning."""
        number = line if line is None or isinstance(line, int) else line.number
        self.problems.append(
            Problem(text=text, file=self.file, line=number, hint=hint, severity=Severity.WARNING, code=code)
        )

    def block(self, parent: Element, lines: list[Line], at: int, state: State) -> int:
        """Parse one block into `parent`; give the place behind it."""
        for construct in self._candidates(lines[at].text):
            end = construct.read(parent, lines, at, state)
            if end is not None:
                return end
        raise AssertionError("the paragraph takes every line")

    def _candidates(self, text: str) -> Sequence[Construct]:
        """The constructs that may begin with this line, by its first character."""
        first = text.lstrip(" ")[:1]
        key = "a" if first.isalpha() else first
        found = self._asked.get(key)
        if found is None:
            found = tuple(one for one in self.constructs if not one.starts or key in one.starts)
            self._asked[key] = found
        return found
