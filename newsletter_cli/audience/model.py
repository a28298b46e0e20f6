"""The values of this room: a subscriber as a list gives it, a row that is left out, and what the lists are."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from newsletter_cli.addresses import Address


class Tier(StrEnum):
    """What a subscriber pays, as the list's own column tells. UNKNOWN: the list has no such column."""

    UNKNOWN = "unknown"
    FREE = "free"
    PAID = "paid"
    FOUNDING = "founding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A row with a usable address. `opted_out` is the reason it must not be mailed, empty where it may be.

    `line` is the physical line on which the record starts, from 1. `fields` are the row's columns by header as
    written, plus the canonical ``first_name``, ``last_name`` and ``name`` where the service's columns give them.
    """

    address: Address
    file: str
    line: int
    tier: Tier = Tier.UNKNOWN
    opted_out: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class Entry(NamedTuple):
    """Somebody who gets a post, as they are written down: a tuple, since a million are made at once."""

    person: bytes
    everywhere: bytes
    email: str
    version: str
    file: str
    line: int
    fields: Mapping[str, str]

    @classmethod
    def of(cls, person: bytes, everywhere: bytes, subscriber: Subscriber, version: str) -> Self:
        """Out of a subscriber."""
        email, file = str(subscriber.address), subscriber.file
        return cls(person, everywhere, email, version, file, subscriber.line, subscriber.fields)


class Shelf(NamedTuple):
    """Those who get a post, where they stand: in an SQLite database, to be copied by one statement into another.

    `query` (with its `parameters`) gives a row's `number`, and the columns of `Entry` with fields that are NULL.
    Numbers ascend in list order from 1 to `last`; some are missing.
    """

    database: sqlite3.Connection  # opened with uri=True
    query: str
    parameters: tuple[str, ...]
    last: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is not mailed: where it stands, what stood there, and why."""

    file: str
    line: int
    email: str  # the address, or the cell as it stood; may be empty
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """One list as it was read: whose export it is, how many rows it has below its header.

    `tells_opt_out`: whether any column says who is not to be mailed; in a list without one nobody has left.
    """

    file: str
    service: str
    encoding: str
    delimiter: str
    rows: int
    header: tuple[str, ...]
    tells_opt_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows of all lists; the parts add up to `rows`. By tier, of the mailable ones."""

    rows: int
    mailable: int
    opted_out: int
    invalid: int
    duplicates: int
    excluded: int
    by_tier: Mapping[str, int]
