"""What came back: reports already read, temporary bounces, and where the reading of each mailbox stopped.

A report is recorded with all of its effects in one transaction under its digest, so a mailbox read twice, or half and
then again, changes nothing the second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from newsletter_cli.ledger.model import SoftLimit, Suppression, SuppressionReason
from newsletter_cli.ledger.recipients import of_person
from newsletter_cli.ledger.suppressions import bar
from newsletter_cli.ledger.tables import bookmarks, feedback_seen, soft_bounces

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter_cli.ledger.database import Database
    from newsletter_cli.ledger.model import SoftBounce
    from newsletter_cli.times import Clock


class Bounces:
    """The feedback that a ledger has seen (`Ledger.bounces`)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def seen(self, digest: bytes) -> bool:
        """Whether a report was recorded."""
        with self._database.reading() as connection:
            return _seen(connection, digest)

    def record(
        self,
        digest: bytes,
        source: str,
        *,
        suppressions: Iterable[Suppression] = (),
        soft: Iterable[SoftBounce] = (),
        limit: SoftLimit | None = None,
    ) -> list[Suppression] | None:
        """Record a report; gives whom it suppressed anew, None where it was recorded before.

        A temporary bounce of somebody who was never mailed from here counts nothing.
        """
        now = self._clock.now()
        with self._database.writing() as connection:
            if _seen(connection, digest):
                return None
            connection.execute(insert(feedback_seen).values(digest=digest, source=source, seen_at=now))
            new = bar(connection, list(suppressions), now=now)
            for bounce in soft:
                new += _count(connection, bounce, limit or SoftLimit(), source, now)
            return new

    def bookmark(self, name: str) -> str:
        """Where the reading of a mailbox stopped; empty where it never began."""
        with self._database.reading() as connection:
            return connection.execute(select(bookmarks.c.value).where(bookmarks.c.name == name)).scalar() or ""

    def set_bookmark(self, name: str, value: str) -> None:
        """Note where the reading of a mailbox stopped."""
        with self._database.writing() as connection:
            if not connection.execute(bookmarks.update().where(bookmarks.c.name == name).values(value=value)).rowcount:
                connection.execute(insert(bookmarks).values(name=name, value=value))


def _seen(connection: Connection, digest: bytes) -> bool:
    return (
        connection.execute(select(feedback_seen.c.digest).where(feedback_seen.c.digest == digest)).first() is not None
    )


def _count(
    connection: Connection, bounce: SoftBounce, limit: SoftLimit, source: str, now: datetime
) -> list[Suppression]:
    """Count a temporary bounce, and suppress where it was one too many."""
    rows = of_person(connection, bounce.person)
    row = next((row for row in rows if bounce.campaign in (None, row.campaign)), None)
    if row is None:
        return []
    counted = (soft_bounces.c.person == bounce.person, soft_bounces.c.campaign == row.campaign)
    if connection.execute(select(soft_bounces.c.person).where(*counted)).first() is None:
        connection.execute(
            insert(soft_bounces).values(
                person=bounce.person, campaign=row.campaign, bounced_at=bounce.bounced_at, evidence=bounce.evidence
            )
        )
    last = [row.campaign for row in rows[: limit.campaigns]]
    instants = sorted(
        connection.execute(
            select(soft_bounces.c.bounced_at).where(
                soft_bounces.c.person == bounce.person, soft_bounces.c.campaign.in_(last)
            )
        ).scalars()
    )
    if len(instants) < limit.count or instants[-1] - instants[0] < limit.span:
        return []
    suppression = Suppression(
        who=row.everywhere,
        newsletter="",
        email=row.email,
        reason=SuppressionReason.SOFT_BOUNCES,
        source=source,
        evidence=f"{len(instants)} of the last {len(last)} mails came back; {bounce.evidence}".rstrip("; "),
        since=now,
    )
    return bar(connection, [suppression], now=now)
