"""What one list adds to the roll: its rows as the database keeps them, and what is wrong with it as a whole."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO

from newsletter_cli.audience import packed, table
from newsletter_cli.audience.exports import SAMPLE_ROWS, recognise
from newsletter_cli.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from newsletter_cli.audience.hints import Hints
    from newsletter_cli.audience.model import Counts
    from newsletter_cli.audience.reader import Reader
    from newsletter_cli.audience.wishes import Wishes

SCHEMA = """
CREATE TABLE row (
    seq INTEGER PRIMARY KEY,  -- list order
    list INTEGER NOT NULL, line INTEGER NOT NULL,
    key TEXT,                 -- the address key; NULL: no usable address
    email TEXT NOT NULL,      -- the address, or the cell as it stood
    level INTEGER NOT NULL,   -- audience.tiers
    reason TEXT NOT NULL,     -- why it is not mailed; empty: it may be
    twin INTEGER,             -- the row that is kept in place of this one
    cells TEXT NOT NULL
);
CREATE TABLE excluded (key TEXT PRIMARY KEY, place TEXT NOT NULL) WITHOUT ROWID;
"""
INSERT = "INSERT INTO row (list, line, key, email, level, reason, cells) VALUES (?, ?, ?, ?, ?, ?, ?)"
EXCLUDED = "excluded by "  # how the reason of an excluded row begins


def database() -> sqlite3.Connection:
    """An empty one, in a file without a name that goes with the process: so no journal and no waiting for the disk.

    With a cache of 4 MB a million rows are read and indexed as quickly as with one of 16.
    """
    made = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    made.executescript(f"PRAGMA page_size=16384; PRAGMA journal_mode=OFF; PRAGMA cache_size=-4000; {SCHEMA}")
    return made


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Many statements as one, for speed. A list that breaks off ends it and undoes nothing: all is refused then."""
    database.execute("BEGIN")
    try:
        yield
    finally:
        database.execute("COMMIT")


def index_persons(database: sqlite3.Connection, persons: Iterable[tuple[bytes, int]]) -> None:
    """Make the table `who`: person to row. Sorted once at its end, as the keys are (see `duplicates`)."""
    with transaction(database):
        database.execute("CREATE TABLE who (person BLOB NOT NULL, seq INTEGER NOT NULL)")
        database.executemany("INSERT INTO who VALUES (?, ?)", persons)
        database.execute("CREATE UNIQUE INDEX who_person ON who (person, seq)")


def judged(
    number: int, reader: Reader, rows: Iterable[table.Row], hints: Hints
) -> Iterator[tuple[int, int, str | None, str, int, str, str]]:
    """What goes into the database for each row."""
    file, read, pack = reader.file, reader.read, packed.pack
    for line, cells in rows:
        address, reason, level = read(cells)
        if address is None:
            yield number, line, None, reader.cell(cells), level, reason, pack(cells)
            continue
        if not reason:
            hints.look(address, file, line)
        yield number, line, address.key, str(address), level, reason, pack(cells)


def no_address(file: str, added: int) -> Problem:
    """A list of `added` rows none of which can be mailed."""
    if not added:
        return Problem(text="has a header and no rows", file=file, hint="export the list again", code="list-empty")
    said = f"none of its {added} rows has a usable address"
    return Problem(text=said, file=file, hint="say which column holds it: --column email=HEADER", code="list-email")


def nobody(counts: Counts, files: str) -> Problem:
    """Lists in which nobody may be mailed."""
    parts = (
        (counts.opted_out, "opted out"),
        (counts.invalid, "without a usable address"),
        (counts.duplicates, "duplicate"),
        (counts.excluded, "excluded"),
    )
    said = ", ".join(f"{count} {what}" for count, what in parts if count) or "no rows"
    return Problem(
        text=f"nobody may be mailed ({said})",
        file=files,
        hint="`newsletter list check` names every row and the reason",
        code="list-nobody",
    )


def missing_columns(wishes: Wishes, readers: Sequence[Reader]) -> Iterator[Problem]:
    """The columns that the user named and no list has."""
    for name in wishes.missing(reader.columns for reader in readers):
        known = ", ".join(readers[0].header[:12])
        yield Problem(text=f"no column {name!r}", file=readers[0].file, hint=f"it has {known}", code="list-column")


def addresses_of(file: str, data: bytes | BinaryIO, wishes: Wishes) -> Iterator[tuple[str, str]]:
    """The keys of a list whose rows are not to be mailed, and where each stands."""
    opened = table.rows(data, file=file)
    sample = list(islice(opened.rows, SAMPLE_ROWS))
    reader = recognise(opened.header, sample, file=file, wishes=wishes)
    for line, cells in chain(sample, opened.rows):
        address = reader.read(cells).address
        if address is not None:
            yield address.key, f"{file}:{line}"
