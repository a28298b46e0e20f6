"""Plain text in a fixed font: how wide a text is, where a line may break, how a table stands. Pure.

Widths are columns, not characters: an East Asian wide character takes two (Unicode Annex 11), a combining mark none.
A line breaks at spaces and between ideographs (Unicode Annex 14, much simplified); a no-break space, a URL and any
other run without such a place stay whole, however long they are.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Where nothing is wide and nothing combines, columns are characters.
_NARROW = re.compile(r"[\x20-\u02ff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*\Z")
# UAX 14 classes CL, CP, EX, NS: no break before; OP: no break after. The ones that Japanese and Chinese text uses.
_NOT_FIRST = frozenset("、。，．・：；？！）〕］｝〉》」』】〙〗”’…‥ー々〻ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ%％")
_NOT_LAST = frozenset("（〔［｛〈《「『【〘〖“‘")
_SPACES = re.compile(r"[ \t\n\r\f]+")
_WIDEST = 100  # columns of a cell, or kept free; HTML allows 1000, which no text part shows
# Inside a word that is too long for a line of its own, a break after these loses nothing.
_SOFT = re.compile(r"(?<=[-–—/])(?=\w)")


def columns(text: str) -> int:
    """How many columns `text` takes in a fixed font."""
    if _NARROW.match(text):
        return len(text)
    return sum(map(_column, text))


@lru_cache(maxsize=8192)
def _column(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrap(text: str, width: int) -> list[str]:
    """Break `text` (white space collapsed; LF is a forced break) into lines of at most `width` columns if possible."""
    return [line for part in text.split("\n") for line in _fill(part, width)]


def _fill(text: str, width: int) -> Iterator[str]:
    """Greedy filling of one paragraph; gives at least one line."""
    line, used = "", 0
    for glue, piece in _pieces(text, width):
        size = columns(piece)
        if line and used + len(glue) + size > width:
            yield line
            line, used = piece, size
        else:
            line, used = line + (glue if line else "") + piece, used + (len(glue) if line else 0) + size
    yield line


def _pieces(text: str, width: int) -> Iterator[tuple[str, str]]:
    """What may not be broken, in order, each with what stands before it on the same line: a space or nothing."""
    for word in filter(None, _SPACES.split(text)):
        glue = " "
        for piece in _breakable(word, width):
            yield glue, piece
            glue = ""


def _breakable(word: str, width: int) -> list[str]:
    """The parts of a word between which a line may break."""
    if not _NARROW.match(word):
        return _ideographs(word)
    if len(word) > width and "://" not in word:
        return _SOFT.split(word)
    return [word]


def _ideographs(word: str) -> list[str]:
    parts, start = [], 0
    for at in range(1, len(word)):
        before, after = word[at - 1], word[at]
        wide = _column(before) == 2 or _column(after) == 2
        if wide and before not in _NOT_LAST and after not in _NOT_FIRST and _column(after):
            parts.append(word[start:at])
            start = at
    return [*parts, word[start:]]


def pad(text: str, width: int, align: str) -> str:
    """`text` in a field of `width` columns; `align` is left, right or center."""
    room = max(width - columns(text), 0)
    left = {"right": room, "center": room // 2}.get(align, 0)
    return " " * left + text + " " * (room - left)


class Grid:
    """Lays the cells of a table into rows and columns; a cell over several rows keeps its column in all of them.

    `rows` are as long as their cells reach; `aligns` has the alignment that a column's first cell asks for.
    """

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.aligns: dict[int, str] = {}
        self._taken: dict[int, int] = {}  # column: in how many rows more it is not free

    def begin(self) -> None:
        """Begin a row."""
        reached = len(self.rows[-1]) if self.rows else 0
        for column, rest in self._taken.items():
            if column >= reached and rest > 0:
                self._taken[column] = rest - 1
        self.rows.append([])

    def add(self, text: str, align: str, *, wide: int, high: int) -> None:
        """Put a cell into the next free column."""
        row = self.rows[-1]
        while len(row) < _WIDEST and self._taken.get(len(row), 0) > 0:
            self._taken[len(row)] -= 1
            row.append("")
        self.aligns.setdefault(len(row), align)
        for at in range(min(max(wide, 1), _WIDEST)):
            if len(row) < _WIDEST:
                self._taken[len(row)] = high - 1
            row.append("" if at else text)


def table(rows: Sequence[Sequence[str]], aligns: Sequence[str], *, head: int, width: int) -> list[str]:
    """Cells as aligned columns with a rule under the first `head` rows; cells wrap where the table is too wide.

    Every row has as many cells as `aligns`. Where not even wrapped columns fit, each row is a short list of
    ``name: value`` lines.
    """
    columns_of = [[row[at] for row in rows] for at in range(len(aligns))]
    natural = [max(columns(line) for cell in cells for line in cell.split("\n")) for cells in columns_of]
    least = [max(columns(piece) for cell in cells for piece in _unbreakable(cell)) for cells in columns_of]
    widths = _shrink(natural, least, width - 2 * (len(aligns) - 1))
    if widths is None:
        return _as_list(rows, head=head, width=width)
    lines: list[str] = []
    for number, row in enumerate(rows):
        cells = [wrap(cell, size) for cell, size in zip(row, widths, strict=True)]
        height = max(map(len, cells))
        tall = number >= head and any(size < want for size, want in zip(widths, natural, strict=True))
        for at in range(height):
            parts = [
                pad(cell[at] if at < len(cell) else "", size, align)
                for cell, size, align in zip(cells, widths, aligns, strict=True)
            ]
            lines.append("  ".join(parts).rstrip())
        if number == head - 1:
            lines.append("  ".join("-" * size for size in widths))
        elif tall and number < len(rows) - 1:
            lines.append("")  # wrapped rows need air to be told apart
    return lines


def _unbreakable(text: str) -> list[str]:
    """What of a text no line break can part; never empty."""
    return [piece for part in text.split("\n") for _, piece in _pieces(part, len(part))] or [""]


def _shrink(natural: list[int], least: list[int], room: int) -> list[int] | None:
    """Column widths that fit into `room`: the widest give way first. None where no column can give way enough."""
    if sum(least) > room:
        return None
    low, high = 0, max(natural)
    while low < high:  # the largest cap on all columns that fits
        cap = (low + high + 1) // 2
        if sum(_capped(natural, least, cap)) <= room:
            low = cap
        else:
            high = cap - 1
    return [max(size, 1) for size in _capped(natural, least, low)]


def _capped(natural: list[int], least: list[int], cap: int) -> list[int]:
    return [max(floor, min(size, cap)) for size, floor in zip(natural, least, strict=True)]


def _as_list(rows: Sequence[Sequence[str]], *, head: int, width: int) -> list[str]:
    names = [" ".join(filter(None, (row[i] for row in rows[:head]))) for i in range(len(rows[0]))]
    lines: list[str] = []
    for row in rows[head:]:
        for name, cell in zip(names, row, strict=True):
            if cell:
                first, *rest = wrap(f"{name}: {cell}" if name else cell, width - 2)
                lines += [first, *("  " + line for line in rest)]
        lines.append("")
    if head == len(rows):
        lines += [line for name in names for line in wrap(name, width)]
    return lines[:-1] if lines and not lines[-1] else lines
