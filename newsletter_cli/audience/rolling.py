"""What one list adds to the roll: its rows as the database keeps them, and what is wrong with it as a whole."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from newsletter_cli.addresses import Address
from newsletter_cli.audience import packed, table
from newsletter_cli.audience.exports import SAMPLE_ROWS, recognise
from newsletter_cli.audience.model import Counts
from newsletter_cli.audience.tiers import TIER, UNKNOWN
from newsletter_cli.audience.wrapped import addresses_in
from newsletter_cli.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from newsletter_cli.audience.hints import Hints
    from newsletter_cli.audience.reader import Reader
    from newsletter_cli.audience.wishes import Wishes

SCHEMA = """
CREATE TABLE row (
    seq INTEGER PRIMARY KEY,  -- list order
    list INTEGER NOT NULL, line INTEGER NOT NULL,
    person BLOB,              -- who the address is to this newsletter; NULL: no usable address
    everywhere BLOB,          -- and to all of them
    email TEXT NOT NULL,      -- the address, or the cell as it stood
    level INTEGER NOT NULL,   -- audience.tiers
    reason TEXT NOT NULL,     -- why it is not mailed; empty: it may be
    twin INTEGER,             -- the row that is kept in place of this one
    cells TEXT NOT NULL
);
CREATE TABLE excluded (person BLOB PRIMARY KEY, place TEXT NOT NULL) WITHOUT ROWID;
"""
INSERT = "INSERT INTO row (list, line, person, everywhere, email, level, reason, cells) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
EXCLUDED = "excluded by "  # how the reason of an excluded row begins
MAILABLE = "person IS NOT NULL AND twin IS NULL AND reason = ''"
# Of a million rows most may be mailed, and in most lists all are of one level: these are not looked at one by one.
_COUNT_LEFT_OUT = f"""
SELECT count(*), sum(person IS NULL), sum(twin IS NOT NULL),
    sum(person IS NOT NULL AND twin IS NULL AND reason LIKE '{EXCLUDED}%')
FROM row NOT INDEXED WHERE NOT ({MAILABLE})
"""  # noqa: S608 - our own text
_COUNT_LEVELS = f"""
SELECT level, count(*) FROM row NOT INDEXED WHERE {MAILABLE} AND level <> {UNKNOWN} GROUP BY level
"""  # noqa: S608 - our own text


def database() -> sqlite3.Connection:
    """An empty one, in a file without a name that goes with the process: so no journal and no waiting for the disk.

    With a cache of 4 MB a million rows are read and indexed as quickly as with one of 16.
    """
    made = sqlite3.connect("", uri=True, isolation_level=None, check_same_thread=False)
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


def settled(database: sqlite3.Connection) -> None:
    """All rows are in: from now on they are read in their order, for which little memory will do."""
    database.executescript("PRAGMA cache_size=-500; PRAGMA shrink_memory")


class Who(NamedTuple):
    """Who an address key is: to one newsletter, and to all."""

    person: Callable[[str], bytes]
    everywhere: Callable[[str], bytes]


def judged(
    number: int, reader: Reader, rows: Iterable[table.Row], hints: Hints, who: Who
) -> Iterator[tuple[int, int, bytes | bytearray | None, bytes | bytearray | None, str, int, str, str]]:
    """What goes into the database for each row."""
    file, read, pack, look = reader.file, reader.read, packed.pack, hints.look
    person, everywhere = who
    for line, cells in rows:
        local, domain, reason, level = read(cells)
        if not local:
            no = list(reader.said_no(cells))
            for one, said in no:  # whatever other rows and lists say of them
                yield number, line, person(one.key), everywhere(one.key), str(one), level, said, pack(cells)
            if not no:
                yield number, line, None, None, reader.cell(cells), level, reason, pack(cells)
            continue
        if not reason:
            look(local, domain, file, line)
        email = f"{local}@{domain}"
        key = email.lower() if email.isascii() else Address(local, domain).key  # the same of an ASCII one, sooner
        # The driver looks for an adapter of bytes each time, never of a bytearray: 0.2 µs each.
        here, anywhere = bytearray(person(key)), bytearray(everywhere(key))
        yield number, line, here, anywhere, email, level, reason, pack(cells)


def counts(database: sqlite3.Connection) -> Counts:
    """How many rows there are, and what became of them."""
    (rows,) = database.execute("SELECT count(*) FROM row").fetchone()
    left_out, invalid, duplicates, excluded = (count or 0 for count in database.execute(_COUNT_LEFT_OUT).fetchone())
    levels = dict(database.execute(_COUNT_LEVELS))
    levels[UNKNOWN] = rows - left_out - sum(levels.values())
    by_tier: Counter[str] = Counter()
    for level, count in levels.items():
        by_tier[TIER[level].value] += count
    return Counts(
        rows=rows,
        mailable=rows - left_out,
        opted_out=left_out - invalid - duplicates - excluded,
        invalid=invalid,
        duplicates=duplicates,
        excluded=excluded,
        by_tier={tier: count for tier, count in by_tier.items() if count},
    )


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


def persons_of(file: str, data: bytes | BinaryIO, wishes: Wishes, who: Who) -> Iterator[tuple[bytes, str]]:
    """The persons of a list whose rows are not to be mailed, and where each stands."""
    opened = table.rows(data, file=file)
    sample = list(islice(opened.rows, SAMPLE_ROWS))
    reader = recognise(opened.header, sample, file=file, wishes=wishes)
    for line, cells in chain(sample, opened.rows):
        local, domain, _, _ = reader.read(cells)
        for one in (Address(local, domain),) if local else addresses_in(reader.cell(cells)):
            yield who.person(one.key), f"{file}:{line}"
