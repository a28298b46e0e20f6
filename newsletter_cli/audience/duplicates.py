"""Of several rows of one person, which is kept; and who is excluded. Statements over the roll's database.

The index is made once, when all rows are in: sorting a million persons takes half a second, keeping a tree of them
while they come in no order takes several.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from newsletter_cli.audience import tiers

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

_TWINS = """
SELECT person, seq, reason <> '' AS opted_out, level FROM row
WHERE person IN (SELECT person FROM row WHERE person IS NOT NULL GROUP BY person HAVING count(*) > 1)
ORDER BY person, seq
"""
_UPDATE = "UPDATE row SET twin = ?, level = ? WHERE seq = ?"


def settle(database: sqlite3.Connection) -> None:
    """Point every duplicate to the row that is kept; the kept row's level becomes the highest that any list tells."""
    database.execute("CREATE INDEX row_person ON row (person) WHERE person IS NOT NULL")
    # Read by one cursor while written by another: what is written is no part of the index that the reading follows.
    database.executemany(_UPDATE, _decided(database.execute(_TWINS)))


def _decided(rows: Iterable[tuple[bytes, int, int, int]]) -> Iterator[tuple[int | None, int, int]]:
    for _, group in groupby(rows, key=itemgetter(0)):
        twins = [(seq, bool(out), level) for _, seq, out, level in group]
        kept, _, _ = min(twins, key=_worth)
        highest = max(level for _, _, level in twins)
        yield None, highest, kept
        yield from ((kept, level, seq) for seq, _, level in twins if seq != kept)


def _worth(twin: tuple[int, bool, int]) -> tuple[bool, int, int]:
    """Opted out before all, then what is paid, then the first."""
    seq, opted_out, level = twin
    return not opted_out, -level if level > tiers.FREE else 0, seq


def note_excluded(database: sqlite3.Connection, persons: Iterable[tuple[bytes, str]]) -> None:
    """Note persons (and where each stands) that are not to be mailed."""
    database.executemany("INSERT OR IGNORE INTO excluded VALUES (?, ?)", persons)


def exclude(database: sqlite3.Connection) -> None:
    """Give every row of an excluded address its reason, unless it has one."""
    database.execute(
        "UPDATE row SET reason = 'excluded by ' || (SELECT place FROM excluded WHERE excluded.person = row.person)"
        " WHERE person IN (SELECT person FROM excluded) AND reason = ''"
    )
