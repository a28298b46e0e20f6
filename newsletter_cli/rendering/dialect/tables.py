"""What tables of every form share: columns, captions, and how they become elements.

A table's reader gives a `Table`; `put` builds it. Cells are inline source, or lines of blocks (grid and multiline
tables). Widths are shares of pandoc's 72 columns.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from newsletter_cli.rendering.dialect import attributes, tree
from newsletter_cli.rendering.dialect.blocks import Construct
from newsletter_cli.rendering.dialect.divs import is_closing
from newsletter_cli.rendering.dialect.source import Line, strip_blank

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State

# pandoc's --columns: what the widths of a table drawn in text are shares of.
LINE_COLUMNS = 72

_FILLER = "\0"  # in no source: `source` takes it out
_CAPTION = re.compile(r" {0,3}(?:[Tt]able)?:(?!:) *(?=\S)(.*)\Z")
_ATTRIBUTES = re.compile(r"(?:\A|(?<=\s))\{[^{}]*\}\Z")
_DASHES = re.compile(r" {0,3}-{2,}(?: +-{2,})+ *\Z")  # the columns of a simple table, under its head
_DRAWN = re.compile(r" {0,3}(?! )(?:\+[-:=]|\||-{2,}|.*\S *\|)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `align` is left, right, center or empty; `share` of the line, None where the text decides."""

    align: str = ""
    share: float | None = None


def alignment(mark: str) -> str:
    """What colons at the ends of a column's rule mean, in pipe and in grid tables."""
    left, right = mark.startswith(":"), mark.endswith(":")
    return "center" if left and right else "left" if left else "right" if right else ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; `lines` without the frame."""

    lines: list[Line]
    colspan: int = 1
    rowspan: int = 1
    column: int | None = None  # where it begins; None: behind the cell before it

    @property
    def empty(self) -> bool:
        """Whether it holds no text."""
        return all(line.blank for line in self.lines)

    @classmethod
    def of(cls, text: str, number: int) -> Cell:
        """A cell of one line."""
        return cls([Line(text.strip(" "), number)])


@dataclass(slots=True)
class Table:
    """A table as read: `head` rows, `body` rows, and the place behind it. `blocks`: cells hold blocks."""

    columns: list[Column]
    head: list[list[Cell]]
    body: list[list[Cell]]
    end: int
    blocks: bool = False


def spread(text: str) -> str:
    """The text with as many characters as it has columns: a wide one (ideographs) is followed by a filler."""
    if text.isascii():
        return text
    return "".join(char + _FILLER if east_asian_width(char) in "WF" else char for char in text)


def gathered(text: str) -> str:
    """The text without the fillers of `spread`."""
    return text.replace(_FILLER, "")


class TableConstruct(Construct):
    """A table of one form. Subclasses say how it is read."""

    @abstractmethod
    def table(self, lines: list[Line], at: int, state: State) -> Table | None:
        """The table that begins at `at`, or None."""

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        table = self.table(lines, at, state)
        if not table:
            return None
        caption, end = _caption_below(lines, table.end, state)
        self.put(parent, table, lines[at], state, caption)
        return end

    def put(self, parent: Element, table: Table, line: Line, state: State, caption: str) -> None:
        """Build the element."""
        element = tree.block(parent, "table", line.number)
        shares = [column.share for column in table.columns]
        if (at := _ATTRIBUTES.search(caption)) and (found := attributes.read(at[0])):
            attributes.put(element, found[0])  # of the table, as pandoc's table_attributes has it
            caption = caption[: at.start()].rstrip(" \n")
        if caption:
            tree.block(element, "caption").text = caption
        if all(share is not None for share in shares):
            total = sum(share or 0 for share in shares)
            if total < 0.999:
                element.set("style", f"width:{total * 100:.0f}%;")
            group = tree.block(element, "colgroup")
            for share in shares:
                tree.block(group, "col").set("style", f"width: {int((share or 0) * 100)}%")
        for part, cell_tag, rows in (("thead", "th", table.head), ("tbody", "td", table.body)):
            if not rows or (part == "thead" and all(cell.empty for row in rows for cell in row)):
                continue
            section = tree.block(element, part)
            for row in rows:
                self._row(tree.block(section, "tr"), cell_tag, row, table, state)

    def _row(self, element: Element, tag: str, row: list[Cell], table: Table, state: State) -> None:
        at = 0
        for cell in row:
            number = cell.lines[0].number if cell.lines else None
            made = tree.block(element, tag, number)
            if cell.colspan > 1:
                made.set("colspan", str(cell.colspan))
            if cell.rowspan > 1:
                made.set("rowspan", str(cell.rowspan))
            at = at if cell.column is None else cell.column
            align = table.columns[min(at, len(table.columns) - 1)].align
            if align:
                made.set("style", f"text-align: {align};")
            if table.blocks:
                content = strip_blank(cell.lines)
                if content:
                    self.parser.parse(made, content, 0, self.parser.inside(state, content[0], loose_end=False))
            else:
                made.text = "\n".join(line.text for line in cell.lines)
            at += cell.colspan


class Caption(Construct):
    """A caption above its table: ``: Caption`` or ``Table: Caption``."""

    starts = ":a"

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        if not captions_a_table(lines, at, state):
            return None
        caption, below = _caption_at(lines, at, state)
        while below < len(lines) and lines[below].blank:
            below += 1
        for construct in self.parser.constructs:
            if isinstance(construct, TableConstruct) and (table := construct.table(lines, below, state)):
                construct.put(parent, table, lines[below], state, caption)
                return table.end
        return None


def captions_a_table(lines: list[Line], at: int, state: State) -> bool:
    """Whether a caption at `at` is followed by what looks like a table."""
    if not _CAPTION.match(lines[at].text):
        return False
    _, below = _caption_at(lines, at, state)
    while below < len(lines) and lines[below].blank:
        below += 1
    drawn = below < len(lines) and _DRAWN.match(lines[below].text)
    return bool(drawn) or (below + 1 < len(lines) and bool(_DASHES.match(lines[below + 1].text)))


def _caption_at(lines: list[Line], at: int, state: State) -> tuple[str, int]:
    """The caption that begins at `at`, over its lines, and the place behind it."""
    match = _CAPTION.match(lines[at].text)
    if not match:
        return "", at
    texts = [match[1]]
    at += 1
    while at < len(lines) and not lines[at].blank and not (state.in_box and is_closing(lines[at].text)):
        texts.append(lines[at].text.strip(" "))
        at += 1
    return "\n".join(texts).rstrip(" "), at


def _caption_below(lines: list[Line], at: int, state: State) -> tuple[str, int]:
    """The caption under a table that ends at `at`, and the place behind it."""
    below = at
    while below < len(lines) and lines[below].blank:
        below += 1
    if below < len(lines):
        caption, end = _caption_at(lines, below, state)
        if caption:
            return caption, end
    return "", at
