"""Of several rows of one person, which is kept; and who is excluded. Statements over the roll's database.

The index is made once, when all rows are in: sorting a million keys takes a second, keeping a tree of them while they
come in random order takes six.
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
SELECT key, seq, reason <> '' AS opted_out, level FROM row
WHERE key IN (SELECT key FROM row WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1) ORDER BY key, seq
"""
_UPDATE = "UPDATE row SET twin = ?, level = ? WHERE seq = ?"


def settle(database: sqlite3.Connection) -> None:
    """Point every duplicate to the row that is kept; the kept row's level becomes the highest that any list tells."""
    database.execute("CREATE INDEX row_key ON row (key) WHERE key IS NOT NULL")
    # Read by one cursor while written by another: what is written is no part of the index that the reading follows.
    database.executemany(_UPDATE, _decided(database.execute(_TWINS)))


def _decided(rows: Iterable[tuple[str, int, int, int]]) -> Iterator[tuple[int | None, int, int]]:
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


def note_excluded(database: sqlite3.Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Note addresses (key, where it stands) that are not to be mailed."""
    database.executemany("INSERT OR IGNORE INTO excluded VALUES (?, ?)", keys)


def exclude(database: sqlite3.Connection) -> None:
    """Give every row of an excluded address its reason, unless it has one."""
    database.execute(
        "UPDATE row SET reason = 'excluded by ' || (SELECT place FROM excluded WHERE excluded.key = row.key)"
        " WHERE key IN (SELECT key FROM excluded) AND reason = ''"
    )
