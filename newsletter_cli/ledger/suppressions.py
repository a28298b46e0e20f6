"""Who is never mailed, why, since when; apart from any list.

A suppression names a person (`tokens.person`, for one newsletter: an unsubscribe) or somebody everywhere
(`tokens.everywhere`: a hard bounce, a complaint, one by hand). Adding one moves that person's waiting and claimed rows
to suppressed in the same transaction; a mail already handed over cannot be called back. The first suppression of a
`who` stays as it was recorded; only `remove` ends it. A server's word that there is no such address is the exception: a
run may take it back (`Run.put_back`), so that whatever else bars the same person takes its place.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, select

from newsletter_cli.ledger import moves
from newsletter_cli.ledger.model import SMTP, Suppression, SuppressionReason
from newsletter_cli.ledger.recipients import streamed
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.ledger.tables import campaigns, recipients, suppressions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from newsletter_cli.ledger.database import Database
    from newsletter_cli.times import Clock

# So many are added in one transaction: it looks once through the waiting rows, 0.2 s for a million.
_GROUP = 1_000


class Suppressions:
    """The suppressions of a ledger (`Ledger.suppressions`)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, *added: Suppression) -> int:
        """Suppress; gives how many were not yet suppressed."""
        return self.add_all(added)

    def add_all(self, added: Iterable[Suppression]) -> int:
        """Suppress any number, in groups of one transaction each; gives how many were not yet suppressed."""
        new = 0
        rest = iter(added)
        while group := list(islice(rest, _GROUP)):
            with self._database.writing() as connection:
                new += len(bar(connection, group, now=self._clock.now()))
        return new

    def remove(self, *who: bytes, reason: SuppressionReason | None = None, after: datetime | None = None) -> int:
        """End suppressions; gives how many there were.

        With `reason`, only those of that reason; with `after`, only those since then. A mail that was not sent for
        their sake is sent by ``--again`` only.
        """
        statement = delete(suppressions).where(suppressions.c.who == bindparam("one"))
        if reason is not None:
            statement = statement.where(suppressions.c.reason == reason.value)
        if after is not None:
            statement = statement.where(suppressions.c.since >= after)
        with self._database.writing() as connection:
            return sum(connection.execute(statement, {"one": one}).rowcount for one in who)

    def get(self, *who: bytes) -> Suppression | None:
        """The first suppression of any of these: a person, and the same one everywhere."""
        with self._database.reading() as connection:
            row = connection.execute(
                select(suppressions).where(suppressions.c.who.in_(who)).order_by(suppressions.c.since).limit(1)
            ).first()
        return None if row is None else _suppression(row)

    def is_suppressed(self, *who: bytes) -> bool:
        """Whether any of these is suppressed."""
        return self.get(*who) is not None

    def among(self, who: Iterable[bytes]) -> Iterator[bytes]:
        """Those of `who` that are suppressed, in their order; streams."""
        rest = iter(who)
        while group := list(islice(rest, _GROUP)):
            with self._database.reading() as connection:
                found = set(
                    connection.execute(select(suppressions.c.who).where(suppressions.c.who.in_(group))).scalars()
                )
            yield from (one for one in group if one in found)

    def list(self, newsletter: str | None = None) -> Iterator[Suppression]:
        """All of them, oldest first; with `newsletter`, those that hold for it."""
        statement = select(suppressions).order_by(suppressions.c.since, suppressions.c.who)
        if newsletter is not None:
            statement = statement.where(suppressions.c.newsletter.in_(["", newsletter]))
        with self._database.reading() as connection:
            yield from map(_suppression, streamed(connection, statement))

    def count(self) -> int:
        """How many there are."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(suppressions)).scalar_one()


def bar(connection: Connection, added: Collection[Suppression], *, now: datetime) -> list[Suppression]:
    """Suppress inside a transaction; gives those that were new."""
    known = {
        row.who: (row.reason, row.source) == (SuppressionReason.HARD_BOUNCE.value, SMTP)
        for row in connection.execute(
            select(suppressions.c.who, suppressions.c.reason, suppressions.c.source).where(
                suppressions.c.who.in_([one.who for one in added])
            )
        )
    }
    new: dict[bytes, Suppression] = {}
    firmer: dict[bytes, Suppression] = {}
    for one in added:
        if one.who not in known:
            new.setdefault(one.who, one)
        elif known[one.who] and one.source != SMTP:
            firmer.setdefault(one.who, one)
    if firmer:
        connection.execute(delete(suppressions).where(suppressions.c.who.in_(firmer)))
    if new or firmer:
        connection.execute(suppressions.insert(), [_stored(one) for one in (*new.values(), *firmer.values())])
    everybody = [one.who for one in added if not one.newsletter]
    for campaign, newsletter in _unsettled(connection):
        in_campaign = (
            moves.moving(Outcome.SUPPRESSED, moves.STOPPABLE)
            .where(recipients.c.campaign == campaign)
            .values(updated_at=now, next_try_at=None)
        )
        here = [one.who for one in added if one.newsletter == newsletter]
        if here:
            connection.execute(in_campaign.where(recipients.c.person.in_(here)))
        if everybody:
            connection.execute(in_campaign.where(recipients.c.everywhere.in_(everybody)))
    return [*new.values()]


def _unsettled(connection: Connection) -> list[tuple[int, str]]:
    """The campaigns in which anybody can still be stopped: their states do not tell, a cancelled one may have some."""
    stoppable = (
        select(recipients.c.id)
        .where(recipients.c.campaign == campaigns.c.id, moves.is_one_of(moves.STOPPABLE))
        .exists()
    )
    rows = connection.execute(select(campaigns.c.id, campaigns.c.newsletter).where(stoppable))
    return [(row.id, row.newsletter) for row in rows]


def _stored(one: Suppression) -> dict[str, object]:
    return {
        "who": one.who,
        "newsletter": one.newsletter,
        "email": one.email,
        "reason": one.reason.value,
        "source": one.source,
        "evidence": one.evidence,
        "since": one.since,
    }


def _suppression(row: Row[Any]) -> Suppression:
    return Suppression(
        who=bytes(row.who),
        newsletter=row.newsletter,
        email=row.email,
        reason=SuppressionReason(row.reason),
        source=row.source,
        evidence=row.evidence,
        since=row.since,
    )
