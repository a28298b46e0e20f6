"""Temporary bounces as `why` shows them: which mails of somebody came back, when, and in whose words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from newsletter_cli.ledger.model import SoftBounce
from newsletter_cli.ledger.tables import soft_bounces

if TYPE_CHECKING:
    from collections.abc import Collection

    from newsletter_cli.ledger.store import Ledger


def came_back(ledger: Ledger, persons: Collection[bytes]) -> list[SoftBounce]:
    """The temporary bounces of these persons, oldest first."""
    statement = select(soft_bounces).where(soft_bounces.c.person.in_(persons)).order_by(soft_bounces.c.bounced_at)
    with ledger.database.reading() as connection:
        return [
            SoftBounce(
                person=bytes(row.person), campaign=row.campaign, bounced_at=row.bounced_at, evidence=row.evidence
            )
            for row in connection.execute(statement)
        ]
