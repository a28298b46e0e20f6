"""Cells that hold JSON: what stands inside them may say, as a column may, that a person is not to be mailed.

Services keep in one cell what their table has no columns for (listmonk's ``attributes``, Keila's ``Data``, the
metadata of others): ``{"unsubscribed": true}`` there is an opt-out. Each key is read as a header would be, by
`suspects`, under the name ``attributes.unsubscribed``; a key that is not there says nothing. What begins like JSON, is
none, and holds a word of leaving, is not understood.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from newsletter_cli.audience import objects, words
from newsletter_cli.audience.marks import Kind, Mark
from newsletter_cli.audience.suspects import kind_of
from newsletter_cli.audience.words import Meaning, compact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter_cli.audience.wishes import Wishes

# Columns of this kind are looked into although the first rows have nothing there (compact headers).
_USUAL = (
    "attributes attribs data metadata meta customfields customattributes fields mergefields properties extra"
    " extradata lists subscriptions subscriberlists"
)
USUAL = frozenset(_USUAL.split())
# What is kept of keys and of whole cells; a column of a million different ones must not fill the memory.
_MOST_KEYS = 4096
_MOST_CELLS = 4096
_NUMBERS = re.compile(r"(?:(?<=\.)|\A)\d+\.")
_LEAVING = re.compile(
    r"unsub|opt.?(?:ed.?)?out|bounc|complain|blocklist|blacklist|suppress|do.?not|status", re.IGNORECASE
)


def looks_like_json(cell: str) -> bool:
    """Whether a cell begins as an object, or as a list of them."""
    return re.match(r"\s*(?:\{|\[\s*\{)", cell) is not None


class Inside:
    """One column of such cells, asked like a `Mark`; `marks` are those found in it."""

    def __init__(self, *, header: str, index: int, wishes: Wishes) -> None:
        self.header = header
        self.index = index
        self.marks: list[Mark] = []
        self.names: list[str] = []  # every key that was seen, as it is shown
        self._wishes = wishes
        self._by_key: dict[str, Mark | None] = {}
        self._cells: dict[str, str] = {}
        self._whole = Mark(header=header, index=index, kind=Kind.ASK, meanings={})

    def reason(self, cells: Sequence[str]) -> str:
        """Why the row must not be mailed; empty where nothing inside says so."""
        cell = cells[self.index] if self.index < len(cells) else ""
        if not cell or not looks_like_json(cell):
            return ""
        known = self._cells.get(cell)
        if known is None:
            known = self._judge(cell)
            if len(self._cells) < _MOST_CELLS:
                self._cells[cell] = known
        return known

    def _judge(self, cell: str) -> str:
        try:
            value = json.loads(cell)
        except (ValueError, RecursionError):
            if not _LEAVING.search(cell):
                return ""
            if self._whole not in self.marks:
                self.marks.append(self._whole)
            return self._whole.reason([*[""] * self.index, cell])
        reason = ""
        for name, said in objects.flat(value if isinstance(value, dict) else {"": value}):
            mark = self._mark(_NUMBERS.sub("", name.lstrip(".")))
            found = mark.reason([*[""] * self.index, said]) if mark is not None else ""
            if not found and words.outright(said):
                found = f"opted out: {self.header}.{name.lstrip('.')} is {said.strip()!r}"
            reason = reason or found
        return reason

    def _mark(self, key: str) -> Mark | None:
        if key in self._by_key or len(self._by_key) >= _MOST_KEYS:
            return self._by_key.get(key)
        name = f"{self.header}.{key}"
        out = dict.fromkeys(self._wishes.out_by_name(name), Meaning.OUT)
        kind = None if self._wishes.ignores_name(name) else kind_of(key)
        if kind is None and out:
            kind = Kind.LOOSE_FLAG
        mark = None
        if kind is not None:
            mark = Mark(header=name, index=self.index, kind=kind, meanings=out, settled=bool(out))
            self.marks.append(mark)
        self.names.append(name)
        self._by_key[key] = mark
        return mark


def columns(
    shown: Sequence[str], sample: Iterator[Sequence[str]], *, ignored: frozenset[int], wishes: Wishes
) -> tuple[Inside, ...]:
    """The columns that hold JSON, by their first rows or by their name."""
    places = {place for place, header in enumerate(shown) if compact(header) in USUAL}
    for cells in sample:
        places.update(place for place, cell in enumerate(cells) if cell and cell[0] in "{[ " and looks_like_json(cell))
    return tuple(
        Inside(header=shown[place], index=place, wishes=wishes)
        for place in sorted(places - ignored)
        if place < len(shown)
    )
