"""Rows by their ids: a group in one query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import event

from newsletter_cli.ledger import moves
from tests.doubles.ledgers import begun

if TYPE_CHECKING:
    import pytest

    from newsletter_cli.ledger.store import Ledger


def test_the_rows_of_ids_come_in_list_order_by_groups(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "GROUP", 4)
    campaign = begun(ledger, range(12))
    rows = list(ledger.recipients(campaign.id))
    asked: list[str] = []

    @event.listens_for(ledger.database.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    wanted = rows[1:11]
    assert ledger.recipients_of(row.id for row in reversed(wanted)) == wanted
    assert len([one for one in asked if one.startswith("SELECT recipients")]) == 3
    assert ledger.recipients_of([]) == []
    assert ledger.recipients_of([10**9]) == []
