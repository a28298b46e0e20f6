"""Pipe tables: ``| a | b |`` over ``|---|:-:|``."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect.tables import LINE_COLUMNS, Cell, Column, Table, TableConstruct, alignment

if TYPE_CHECKING:
    from newsletter_cli.rendering.dialect.blocks import State
    from newsletter_cli.rendering.dialect.source import Line

_SEPARATOR = re.compile(r" {0,3}\|? *:?-+:? *(?:[|+] *:?-+:? *)*\|? *\Z")
_DASHES = re.compile(r":?-+:?")
# What decides where a cell ends.
_TOKEN = re.compile(r"\\.|`+|\|", re.DOTALL)


class PipeTable(TableConstruct):
    """A head row, a row of dashes, rows as long as they hold a pipe."""

    courtesy = True

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
            head=[head],
            body=[_row(line, count) for line in lines[at + 2 : end]],
            end=end,
        )

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        return lines[at].text.lstrip(" ").startswith("|") and self.table(lines, at, state) is not None


def _columns(marks: list[str], *, wide: bool) -> list[Column]:
    total = sum(map(len, marks))
    return [Column(alignment(mark), len(mark) / total if wide else None) for mark in marks]


def _row(line: Line, count: int) -> list[Cell]:
    """Exactly `count` cells; a missing one is empty, one too many is dropped, as all readers of pipe tables do."""
    text = line.text.strip(" ").removeprefix("|")
    cuts = _cuts(text)
    cells = [text[start + 1 : end].replace(r"\|", "|") for start, end in pairwise([-1, *cuts, len(text)])]
    made = [Cell.of(cell, line.number) for cell in cells[:count]]
    return made + [Cell.of("", line.number) for _ in range(count - len(made))]


def _cuts(text: str) -> list[int]:
    """Where the pipes between cells stand: behind no backslash, not between backticks."""
    tokens = list(_TOKEN.finditer(text))
    cuts: list[int] = []
    at = 0
    ends = {}  # of each run of backticks the next of its length, from right to left
    following: dict[int, int] = {}
    for number in range(len(tokens) - 1, -1, -1):
        if tokens[number][0].startswith("`"):
            length = len(tokens[number][0])
            if length in following:
                ends[number] = following[length]
            following[length] = number
    while at < len(tokens):
        if tokens[at][0] == "|":
            cuts.append(tokens[at].start())
        at = ends.get(at, at) + 1
    return cuts
