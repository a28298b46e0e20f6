"""Simple and multiline tables: columns under dashes.

Where a column's head stands against its dashes says how it is aligned: flush left, flush right, both (no alignment
given) or neither (centred).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect.divs import is_closing
from newsletter_cli.rendering.dialect.rules import is_rule
from newsletter_cli.rendering.dialect.source import Line
from newsletter_cli.rendering.dialect.tables import LINE_COLUMNS, Cell, Column, Table, TableConstruct, gathered, spread

if TYPE_CHECKING:
    from newsletter_cli.rendering.dialect.blocks import State

_DASHES = re.compile(r" {0,3}-{2,}(?: +-{2,})* *\Z")
_RUN = re.compile(r"-+")
_FULL = re.compile(r" {0,3}-{3,} *\Z")


class SimpleTable(TableConstruct):
    """Rows of one line; without a head a second line of dashes ends it."""

    def table(self, lines: list[Line], at: int, state: State) -> Table | None:
        """Read one that begins at `at`."""
        if _DASHES.match(lines[at].text):
            return self._headless(lines, at)
        if at + 1 >= len(lines) or not _DASHES.match(lines[at + 1].text) or is_rule(lines[at].text):
            return None
        spans = _spans(lines[at + 1].text)
        if len(spans) < 2 and not lines[at + 1].text.startswith(" "):
            return None  # a heading over its underline
        end = _rows_end(lines, at + 2, state)
        closed = end > at + 2 and _DASHES.match(lines[end - 1].text)
        body = [_row(line, spans) for line in lines[at + 2 : end - 1 if closed else end]]
        columns = _columns(lines[at].text, spans)
        return Table(columns=columns, head=[_row(lines[at], spans)], body=body, end=end)

    def _headless(self, lines: list[Line], at: int) -> Table | None:
        spans = _spans(lines[at].text)
        # Alone, a row of dashes is a rule, unless it is indented as pandoc writes a table of one column.
        if len(spans) < 2 and not lines[at].text.startswith("  "):
            return None
        end = at + 1
        while end < len(lines) and not lines[end].blank and not _DASHES.match(lines[end].text):
            end += 1
        if end == at + 1 or end == len(lines) or not _same(lines[end].text, spans):
            return None
        columns = _columns(lines[at + 1].text, spans)
        return Table(columns=columns, head=[], body=[_row(line, spans) for line in lines[at + 1 : end]], end=end + 1)


class MultilineTable(TableConstruct):
    """Rows of several lines, parted by blank ones, between rows of dashes."""

    starts = "-"

    def table(self, lines: list[Line], at: int, state: State) -> Table | None:
        """Read one that begins at `at`."""
        if not _DASHES.match(lines[at].text):
            return None
        head_end: int | None = at
        if _FULL.match(lines[at].text):
            head_end = _next_dashes(lines, at + 1)
        if head_end is None or head_end == at + 1:
            return None
        spans = _spans(lines[head_end].text)
        bottom = self._bottom(lines, head_end + 1, state)
        if bottom is None or (len(spans) < 2 and head_end == at) or bottom == head_end + 1:
            return None
        first = at + 1 if head_end > at else head_end + 1
        columns = _columns(lines[first].text, spans, shares=True)
        head = [_tall(lines[at + 1 : head_end], spans)] if head_end > at else []
        body = [_tall(rows, spans) for rows in _chunks(lines[head_end + 1 : bottom])]
        return Table(columns=columns, head=head, body=body, end=bottom + 1, blocks=True)

    def _bottom(self, lines: list[Line], at: int, state: State) -> int | None:
        """The row of dashes that ends the table: the next one, with nothing right under it."""
        if "dashes" in state.absent:
            return None
        for bottom in range(at, len(lines)):
            if state.in_box and is_closing(lines[bottom].text):
                return None
            if _DASHES.match(lines[bottom].text):
                below = lines[bottom + 1] if bottom + 1 < len(lines) else None
                free = below is None or below.blank or (state.in_box and is_closing(below.text))
                return bottom if free else None
        state.absent["dashes"] = 1
        return None


def _next_dashes(lines: list[Line], at: int) -> int | None:
    """The next line of columns' dashes with no blank line before it."""
    while at < len(lines) and not lines[at].blank:
        if _DASHES.match(lines[at].text):
            return at
        at += 1
    return None


def _rows_end(lines: list[Line], at: int, state: State) -> int:
    while at < len(lines) and not lines[at].blank and not (state.in_box and is_closing(lines[at].text)):
        at += 1
    return at


def _spans(dashes: str) -> list[tuple[int, int]]:
    """The columns' extents."""
    return [match.span() for match in _RUN.finditer(dashes)]


def _same(text: str, spans: list[tuple[int, int]]) -> bool:
    return _spans(text)[:1] == spans[:1]


def _cells(text: str, spans: list[tuple[int, int]]) -> list[str]:
    """The text of a line cut at where the columns begin."""
    text = spread(text)
    cuts = [0, *(start for start, _ in spans[1:]), len(text)]
    return [gathered(text[start:end]).strip(" ") for start, end in pairwise(cuts)]


def _row(line: Line, spans: list[tuple[int, int]]) -> list[Cell]:
    cells = [Cell.of(text, line.number) for text in _cells(line.text, spans)]
    return [*cells[: len(spans)], *(Cell.of("", line.number) for _ in range(len(spans) - len(cells)))]


def _tall(lines: list[Line], spans: list[tuple[int, int]]) -> list[Cell]:
    """A row of several lines."""
    rows = [_cells(line.text, spans) for line in lines]
    return [
        Cell([Line(row[i], line.number) for row, line in zip(rows, lines, strict=True) if i < len(row)])
        for i in range(len(spans))
    ]


def _chunks(lines: list[Line]) -> list[list[Line]]:
    chunks: list[list[Line]] = [[]]
    for line in lines:
        if line.blank:
            if chunks[-1]:
                chunks.append([])
        else:
            chunks[-1].append(line)
    return [chunk for chunk in chunks if chunk]


def _columns(text: str, spans: list[tuple[int, int]], *, shares: bool = False) -> list[Column]:
    total = max(LINE_COLUMNS, spans[-1][1] - spans[0][0] + 1)
    text = spread(text)
    columns = []
    for at, (start, end) in enumerate(spans):
        behind = spans[at + 1][0] if at + 1 < len(spans) else end + 1
        share = (behind - start) / total if shares else None
        columns.append(Column(_align(text, start, end), share))
    return columns


def _align(text: str, start: int, end: int) -> str:
    cell = text[start:end]
    if not cell.strip(" "):
        return ""
    left = not cell.startswith(" ")
    right = len(cell) == end - start and not cell.endswith(" ")
    return "" if left and right else "left" if left else "right" if right else "center"
