"""Grid tables: cells drawn with ``+``, ``-`` and ``|``, which may span rows and columns; ``=`` ends the head.

The drawing is traced: from each cell's upper left corner along its top, down its right side, back along its bottom.
What cannot be traced to the last cell is no table.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect.source import Line
from newsletter_cli.rendering.dialect.tables import (
    LINE_COLUMNS,
    Cell,
    Column,
    Table,
    TableConstruct,
    alignment,
    gathered,
    spread,
)

if TYPE_CHECKING:
    from newsletter_cli.rendering.dialect.blocks import State

_TOP = re.compile(r" {0,3}\+(?:[-:=]+\+)+ *\Z")
_EQUALS = re.compile(r"[+|:= ]*=[+|:= ]*\Z")
_HORIZONTAL = frozenset("-=:+")
# A drawing of so many characters is no table of a mail; tracing one costs time in its size and its cells.
_MAX_DRAWING = 200_000


@dataclass(frozen=True, slots=True)
class _Box:
    """A traced cell: rows and columns of the drawing, frame included."""

    top: int
    left: int
    bottom: int
    right: int


class GridTable(TableConstruct):
    """A drawn table."""

    starts = "+"

    def table(self, lines: list[Line], at: int, state: State) -> Table | None:
        """Read one that begins at `at`."""
        if not _TOP.match(lines[at].text) or at < state.absent.get("grid", 0):
            return None
        indent = lines[at].indent
        end, most = at, at + _MAX_DRAWING // len(lines[at].text)
        while end < min(len(lines), most) and lines[end].text[indent : indent + 1] in {"+", "|"}:
            end += 1
        state.absent["grid"] = end  # unless it is one: none of these lines begins another drawing
        drawing = [spread(line.text[indent:].rstrip(" ")) for line in lines[at:end]]
        width = max(map(len, drawing))
        if len(drawing) < 3 or width * len(drawing) > _MAX_DRAWING:
            return None
        rows = [row.ljust(width) for row in drawing]
        head_rules = [number for number, row in enumerate(rows) if "=" in row and _EQUALS.match(row) and number > 0]
        boxes = _trace(rows)
        if not boxes:
            return None
        return _built(rows, boxes, lines[at:end], head_rules, end)


def _trace(rows: list[str]) -> list[_Box] | None:
    """All cells, or None where the drawing does not close."""
    boxes: list[_Box] = []
    corners = [(0, 0)]  # a heap: from the top, then from the left
    seen: set[tuple[int, int]] = set()
    bottom, right = len(rows) - 1, len(rows[0]) - 1
    while corners:
        top, left = heappop(corners)
        if (top, left) in seen or top >= bottom or left >= right or rows[top][left] != "+":
            continue
        seen.add((top, left))
        box = _box(rows, top, left)
        if box is None:
            continue  # a corner on the edge of a cell that spans: no cell begins there
        boxes.append(box)
        heappush(corners, (box.top, box.right))
        heappush(corners, (box.bottom, box.left))
    area = sum((box.bottom - box.top) * (box.right - box.left) for box in boxes)
    return boxes if area == bottom * right else None


def _box(rows: list[str], top: int, left: int) -> _Box | None:
    """The smallest cell at a corner."""
    for right in range(left + 1, len(rows[0])):
        if rows[top][right] not in _HORIZONTAL:
            return None
        if rows[top][right] != "+":
            continue
        for bottom in range(top + 1, len(rows)):
            if rows[bottom][right] not in "|+":
                break
            if rows[bottom][right] == "+" and _closes(rows, top, left, bottom, right):
                return _Box(top, left, bottom, right)
    return None


def _closes(rows: list[str], top: int, left: int, bottom: int, right: int) -> bool:
    under = rows[bottom][left : right + 1]
    beside = (rows[row][left] for row in range(top, bottom + 1))
    return under[0] == "+" and set(under) <= _HORIZONTAL and all(char in "|+" for char in beside)


def _built(rows: list[str], boxes: list[_Box], lines: list[Line], rules: list[int], end: int) -> Table:
    tops = sorted({box.top for box in boxes})
    lefts = sorted({box.left for box in boxes})
    heads = [rule for rule in rules if rule < len(rows) - 1]
    head_end = heads[0] if heads and heads[0] in tops else 0
    total = max(LINE_COLUMNS, len(rows[0]) - 1 + len(lefts) - 2)
    edges = [*lefts, len(rows[0]) - 1]
    marks = rows[head_end]
    columns = [Column(alignment(marks[left + 1 : right]), (right - left) / total) for left, right in pairwise(edges)]
    made: dict[int, list[tuple[int, Cell]]] = {top: [] for top in tops}
    for box in boxes:
        content = [
            Line(gathered(rows[row][box.left + 1 : box.right]).rstrip(" ").removeprefix(" "), lines[row].number)
            for row in range(box.top + 1, box.bottom)
        ]
        cell = Cell(
            content,
            colspan=bisect_left(lefts, box.right) - bisect_left(lefts, box.left),
            rowspan=bisect_left(tops, box.bottom) - bisect_left(tops, box.top),
            column=bisect_left(lefts, box.left),
        )
        made[box.top].append((box.left, cell))
    ordered = {top: [cell for _, cell in sorted(made[top], key=lambda item: item[0])] for top in tops}
    head = [ordered[top] for top in tops if top < head_end]
    body = [ordered[top] for top in tops if top >= head_end]
    return Table(columns=columns, head=head, body=body, end=end, blocks=True)
