"""Pipe tables: ``| a | b |`` over ``|---|:-:|``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect.tables import LINE_COLUMNS, Cell, Column, Table, TableConstruct

if TYPE_CHECKING:
    from newsletter_cli.rendering.dialect.blocks import State
    from newsletter_cli.rendering.dialect.source import Line

_SEPARATOR = re.compile(r" {0,3}\|? *:?-+:? *(?:[|+] *:?-+:? *)*\|? *\Z")
_DASHES = re.compile(r":?-+:?")
# The text of a cell: a pipe may stand in it behind a backslash or between backticks.
_CELL = re.compile(r"(?:\\.|(?<!`)(`+)(?!`)(?:(?!\1).)*\1(?!`)|[^|\\])*+", re.DOTALL)


class PipeTable(TableConstruct):
    """A head row, a row of dashes, rows as long as they hold a pipe."""

    def table(self, lines: list[Line], at: int, state: State) -> Table | None:
        """Read one that begins at `at`."""
        del state
        if at + 1 >= len(lines) or lines[at].indent >= 4 or "|" not in lines[at].text:
            return None
        separator = lines[at + 1].text
        if "-" not in separator or "|" not in separator + lines[at].text or not _SEPARATOR.match(separator):
            return None
        marks = _DASHES.findall(separator)
        end = at + 2
        while end < len(lines) and "|" in lines[end].text and not lines[end].blank:
            end += 1
        count = len(marks)
        if "|" not in separator and count == 1:
            return None  # a heading with a pipe in it, over its underline
        wide = any(len(line.text) > LINE_COLUMNS for line in lines[at:end])
        head = _row(lines[at], count)
        return Table(
            columns=_columns(marks, wide=wide),
            head=[head] if any(cell.lines[0].text for cell in head) else [],
            body=[_row(line, count) for line in lines[at + 2 : end]],
            end=end,
        )

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        return lines[at].text.lstrip(" ").startswith("|") and self.table(lines, at, state) is not None


def _columns(marks: list[str], *, wide: bool) -> list[Column]:
    total = sum(map(len, marks))
    return [Column(_align(mark), len(mark) / total if wide else None) for mark in marks]


def _align(mark: str) -> str:
    left, right = mark.startswith(":"), mark.endswith(":")
    return "center" if left and right else "left" if left else "right" if right else ""


def _row(line: Line, count: int) -> list[Cell]:
    """Exactly `count` cells; a missing one is empty, one too many is dropped, as all readers of pipe tables do."""
    text = line.text.strip(" ").removeprefix("|")
    cells: list[Cell] = []
    at = 0
    while at < len(text) and len(cells) < count:
        match = _CELL.match(text, at)
        assert match
        end = max(match.end(), at)
        if end < len(text) and text[end] != "|":
            end = text.find("|", end) if "|" in text[end:] else len(text)
        cells.append(Cell.of(text[at:end].replace(r"\|", "|"), line.number))
        at = end + 1
    return cells + [Cell.of("", line.number) for _ in range(count - len(cells))]
