"""Columns that say whether a person may be mailed: which they are, and what each of their cells says.

Pure. A `Mark` reads one column. It gives a reason where the row must not be mailed, and keeps every value that it does
not understand: the list is refused with these at the end (interface, promise 17), so an odd word in the last row stops
the mail to all. Which columns are marks is told by `services` and `suspects`.
"""

from __future__ import annotations

import re
from collections import Counter
from enum import Enum, auto
from typing import TYPE_CHECKING

from newsletter_cli.audience import words
from newsletter_cli.audience.words import Meaning, compact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# What a column of many values may hold in the cache; a column of dates must not grow it without bound.
_CACHE_VALUES = 4096
# How many values that are not understood are kept to be shown.
_SHOWN_VALUES = 100


class Kind(Enum):
    """How the cells of a mark are read."""

    WORD = auto()  # a status word; empty: out
    FOUND_WORD = auto()  # a status word in a column that only its cells give away; empty: in
    OUT_IF_TRUE = auto()  # unsubscribed, email_disabled, bounced
    IN_IF_TRUE = auto()  # subscribed, consent; empty: out
    OUT_IF_FALSE = auto()  # subscribed_to_emails: only a no counts; empty: in
    OUT_IF_FILLED = auto()  # unsubscribed_at
    IN_IF_FILLED = auto()  # confirmed_at
    ALWAYS_OUT = auto()  # the whole file is one of the unsubscribed or bounced
    SECTIONS = auto()  # what a person gets mail for; empty: nothing, in a list where others are not
    LOOSE_FLAG = auto()  # "newsletter": a no counts, every other text is fine
    CHOICE = auto()  # "email frequency": never, off and none are a no, every other text a choice
    TAGS = auto()  # several words in a cell; one that means out counts
    WORD_OR_PLACE = auto()  # "state": a status at one service, a part of a country elsewhere
    ASK = auto()  # "cancelled": of what? Whatever stands there, a no apart, is not understood
    ASK_FLAG = auto()  # "subscription": a truth value is not understood, every other text is fine
    ASK_NO = auto()  # "May we email you": a no may be one, a yes is none
    ASK_ANY = auto()  # truth values without a header: neither yes nor no is understood


def _flag(cell: str, *, good: bool) -> Meaning:
    """A truth value that means IN where it equals `good`; a number above 1 is no truth value."""
    said = words.truth(cell)
    if said is None:
        return Meaning.EMPTY if words.is_empty(cell) else Meaning.UNKNOWN
    return Meaning.IN if said is good else Meaning.OUT


def _bad_flag(cell: str) -> Meaning:
    said = _flag(cell, good=False)
    if said is Meaning.EMPTY:
        return Meaning.IN
    if said is not Meaning.UNKNOWN:
        return said
    # A date under "unsubscribed" is the day on which it happened; "unsubscribed" under it is its own answer.
    return Meaning.OUT if words.is_date(cell) or words.status(cell) is Meaning.OUT else words.status(cell)


def _good_flag(cell: str) -> Meaning:
    said = _flag(cell, good=True)
    if said is Meaning.EMPTY:
        return Meaning.OUT
    if said is Meaning.UNKNOWN:
        return Meaning.IN if words.is_date(cell) else words.status(cell)
    return said


def _only_a_no(cell: str) -> Meaning:
    return Meaning.IN if words.is_empty(cell) else _good_flag(cell)


def _filled(cell: str) -> Meaning:
    return Meaning.IN if words.is_empty(cell) or words.truth(cell) is False else Meaning.OUT


def _not_filled(cell: str) -> Meaning:
    return Meaning.OUT if words.is_empty(cell) or words.truth(cell) is False else Meaning.IN


def _word(cell: str) -> Meaning:
    said = words.status(cell)
    if said is Meaning.EMPTY:
        return Meaning.OUT
    if said is Meaning.UNKNOWN and words.truth(cell) is not None:
        # "status: 1" may be any code of a service's own; "status: yes" is plain.
        return Meaning.UNKNOWN if words.is_number(cell) else _flag(cell, good=True)
    return said


def _loose(cell: str) -> Meaning:
    if compact(cell) in words.NOTHING_WANTED:
        return Meaning.OUT
    return Meaning.OUT if words.truth(cell) is False or words.status(cell) is Meaning.OUT else Meaning.IN


def _tags(cell: str) -> Meaning:
    if cell.lstrip().startswith(("{", "[{")):
        return Meaning.IN  # JSON, read by `inside`
    # "Letter: unsubscribed" names a list and how somebody stands on it.
    said = (part for tag in words.items(cell) for part in {tag, re.split(r"[:=]", tag)[-1]})
    return Meaning.OUT if any(map(words.outright, said)) else Meaning.IN


def _ask(cell: str) -> Meaning:
    return Meaning.IN if words.is_empty(cell) or words.truth(cell) is False else Meaning.UNKNOWN


def _ask_flag(cell: str) -> Meaning:
    if words.truth(cell) is not None:
        return Meaning.UNKNOWN
    return Meaning.OUT if words.status(cell) is Meaning.OUT else Meaning.IN


_READ: dict[Kind, Callable[[str], Meaning]] = {
    Kind.WORD: _word,
    Kind.FOUND_WORD: words.status,
    Kind.OUT_IF_TRUE: _bad_flag,
    Kind.IN_IF_TRUE: _good_flag,
    Kind.OUT_IF_FALSE: _only_a_no,
    Kind.OUT_IF_FILLED: _filled,
    Kind.IN_IF_FILLED: _not_filled,
    Kind.ALWAYS_OUT: lambda _: Meaning.OUT,
    Kind.SECTIONS: _not_filled,
    Kind.LOOSE_FLAG: _loose,
    Kind.CHOICE: _loose,
    Kind.TAGS: _tags,
    Kind.WORD_OR_PLACE: words.status,
    Kind.ASK: _ask,
    Kind.ASK_FLAG: _ask_flag,
    Kind.ASK_NO: lambda cell: Meaning.IN if words.is_empty(cell) or words.truth(cell) else Meaning.UNKNOWN,
    Kind.ASK_ANY: lambda cell: Meaning.IN if words.is_empty(cell) else Meaning.UNKNOWN,
}


class Mark:
    """One column that may say a row is not to be mailed, and what it said so far.

    `meanings` are a service's own words (compact) and the user's, which win over the vocabulary, but never turn an
    opt-out of the vocabulary into a yes. With `settled` the user has said which values mean out, and no other is
    asked about.
    """

    __slots__ = ("_cache", "_meanings", "header", "index", "kind", "settled", "understood", "unknown")

    def __init__(
        self, *, header: str, index: int, kind: Kind, meanings: Mapping[str, Meaning], settled: bool = False
    ) -> None:
        self.header = header
        self.index = index
        self.kind = kind
        self.settled = settled
        self._meanings = meanings
        self._cache: dict[str, str] = {}
        self.unknown: Counter[str] = Counter()  # values not understood
        self.understood = False  # whether any value was a status word

    def reason(self, cells: Sequence[str]) -> str:
        """Why the row must not be mailed; empty where this column does not say so."""
        cell = cells[self.index] if self.index < len(cells) else ""
        known = self._cache.get(cell)
        return self._judge(cell) if known is None else known

    def _judge(self, cell: str) -> str:
        meaning = self.meaning(cell)
        if meaning is Meaning.UNKNOWN:
            if len(self.unknown) < _SHOWN_VALUES or cell in self.unknown:
                self.unknown[cell.strip()] += 1
            return "" if self.kind is Kind.WORD_OR_PLACE else self._said(cell)
        if meaning is not Meaning.EMPTY:
            self.understood = True
        reason = self._said(cell) if meaning is Meaning.OUT else ""
        if len(self._cache) < _CACHE_VALUES:
            self._cache[cell] = reason
        return reason

    def meaning(self, cell: str) -> Meaning:
        """What a cell of this column says."""
        said = compact(cell)
        own = self._meanings.get(said)
        if own is not None:
            return own
        if "*" in self._meanings and not words.is_empty(cell):
            return self._meanings["*"]
        found = _READ[self.kind](cell)
        return Meaning.IN if found is Meaning.UNKNOWN and self.settled else found

    def _said(self, cell: str) -> str:
        shown = " ".join(cell.split())
        if self.kind is Kind.ALWAYS_OUT:
            return f"opted out: the list is of those who left or bounced ({self.header})"
        return f"opted out: {self.header} is {shown[:80]!r}" if shown else f"opted out: {self.header} is empty"

    @property
    def not_understood(self) -> tuple[str, ...]:
        """The values for which the list has to be refused."""
        if self.kind is Kind.WORD_OR_PLACE and not self.understood:
            return ()
        return tuple(self.unknown)
