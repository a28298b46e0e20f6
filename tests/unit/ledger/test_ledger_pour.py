"""Any number of recipients on their way in, a group at a time: poured, and copied from another database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger import pouring
from newsletter_cli.ledger.model import Shelf
from newsletter_cli.ledger.states import CampaignState, Outcome
from newsletter_cli.problems import Refused
from tests.doubles.ledgers import begun, frozen, opened, person, post, reader, readers, suppression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from newsletter_cli.ledger.model import NewRecipient
    from newsletter_cli.ledger.store import Ledger


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(pouring, "GROUP_ROWS", 3)
    with opened(tmp_path) as made:
        yield made


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7, 10])
def test_groups_of_any_size_keep_order_and_lose_nobody(ledger: Ledger, count: int) -> None:
    numbers = [number * 7 % 11 for number in range(count)]
    campaign = begun(ledger, numbers)
    rows = list(ledger.recipients(campaign.id))
    assert [row.line for row in rows] == [number + 2 for number in numbers]
    assert [row.id for row in rows] == list(range(1, count + 1))


def test_who_is_given_twice_in_one_group_or_two_keeps_the_first_row(ledger: Ledger) -> None:
    twice = [reader(1), reader(2), reader(1, line=90), reader(3), reader(2, line=91), reader(4, fields={"name": "Ä"})]
    campaign = ledger.begin("letter", post(), "uid1", frozen(), twice)
    rows = list(ledger.recipients(campaign.id))
    assert [row.line for row in rows] == [3, 4, 5, 6]
    assert [dict(row.fields) for row in rows] == [{}, {}, {}, {"name": "Ä"}]


def test_what_broke_off_stands_in_no_later_ones_way(ledger: Ledger) -> None:
    def broken() -> Iterator[NewRecipient]:
        yield from readers(*range(5))
        raise Refused

    with pytest.raises(Refused):
        ledger.begin("letter", post(), "uid1", frozen(), broken())
    assert ledger.campaigns() == []
    campaign = begun(ledger, range(4))
    assert ledger.add(campaign.id, readers(3, 4, 5)) == 2
    assert [row.line for row in ledger.recipients(campaign.id)] == [2, 3, 4, 5, 6, 7]


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect("", uri=True, isolation_level=None)) as made:
        yield made


def shelved(other: sqlite3.Connection, rows: Iterable[NewRecipient], told: list[int] | None = None) -> Shelf:
    """The rows in a table of another database, which has gaps in its numbers."""
    columns = "person, everywhere, email, version, file, line"
    other.execute(f"CREATE TABLE row (number INTEGER PRIMARY KEY, {columns})")
    kept = list(rows)
    other.executemany(
        "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?)", [(2 * at, *one[:6]) for at, one in enumerate(kept, 1)]
    )
    return Shelf(
        rows=kept,
        database=other,
        query=f"SELECT number, {columns}, NULL AS fields FROM main.row WHERE version <> ?",
        parameters=("none",),
        last=2 * len(kept),
        told=(told if told is not None else []).append,
    )


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_what_stands_elsewhere_is_copied_in_its_order(ledger: Ledger, other: sqlite3.Connection, count: int) -> None:
    told: list[int] = []
    numbers = [number * 7 % 11 for number in range(count)]
    campaign = ledger.begin("letter", post(), "uid1", frozen(), shelved(other, readers(*numbers), told))
    rows = list(ledger.recipients(campaign.id))
    assert [(row.person, row.everywhere, row.email, row.line) for row in rows] == [
        (one.person, one.everywhere, one.email, one.line) for one in readers(*numbers)
    ]
    assert [row.id for row in rows] == list(range(1, count + 1))
    assert all(row.outcome is Outcome.QUEUED and row.fields == {} for row in rows)
    assert told == list(range(0, 2 * count, 3))
    assert other.execute("SELECT count(*) FROM row").fetchone() == (count,)


def test_who_had_it_keeps_it_and_who_is_suppressed_is_stored_so(ledger: Ledger, other: sqlite3.Connection) -> None:
    single = ledger.begin("letter", post(), "uid1", frozen(), [reader(3)], state=CampaignState.SINGLE)
    ledger.suppressions.add(suppression(person(2), "letter"))
    ledger.suppressions.add(suppression(person(5, "*")))
    whole = ledger.begin("letter", post(), "uid1", frozen(), shelved(other, readers(1, 2, 3, 4, 5)))
    assert whole.id == single.id
    assert [(row.line, row.outcome) for row in ledger.recipients(whole.id)] == [
        (5, Outcome.QUEUED),
        (3, Outcome.QUEUED),
        (4, Outcome.SUPPRESSED),
        (6, Outcome.QUEUED),
        (7, Outcome.SUPPRESSED),
    ]


def test_a_copy_that_breaks_off_leaves_nothing(ledger: Ledger, other: sqlite3.Connection) -> None:
    shelf = shelved(other, [reader(1), reader(2), reader(3), reader(4)])
    other.execute("UPDATE row SET email = NULL WHERE number = 8")
    with pytest.raises(sqlite3.IntegrityError):
        ledger.begin("letter", post(), "uid1", frozen(), shelf)
    assert ledger.campaigns() == []
    assert len(list(ledger.recipients(begun(ledger, range(2)).id))) == 2


def test_a_ledger_that_is_gone_is_not_made_anew_by_a_copy(tmp_path: Path, other: sqlite3.Connection) -> None:
    with pytest.raises(Refused, match="cannot be opened"), pouring.beside(other, tmp_path / "gone?"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_another_database_takes_the_rows_one_by_one(other: sqlite3.Connection) -> None:
    assert list(shelved(other, readers(1, 2))) == list(readers(1, 2))
