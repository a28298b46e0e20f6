"""Any number of recipients on their way in, a group at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger import sqlite
from newsletter_cli.problems import Refused
from tests.doubles.ledgers import begun, frozen, opened, post, reader, readers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter_cli.ledger.model import NewRecipient
    from newsletter_cli.ledger.store import Ledger


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(sqlite, "_POURED_ROWS", 3)
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
