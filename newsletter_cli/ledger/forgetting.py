"""Forget somebody: what is left are keyed hashes, suppressed everywhere.

Address, merge fields, the place in the list and what servers said go, in every campaign and suppression; outcomes
stay, so that sums still add up and nobody is mailed twice. A file is then written
anew, since SQLite leaves replaced octets in its pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from newsletter_cli.ledger import sqlite
from newsletter_cli.ledger.model import Suppression, SuppressionReason
from newsletter_cli.ledger.suppressions import bar
from newsletter_cli.ledger.tables import campaigns, recipients, soft_bounces, suppressions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter_cli.ledger.database import Database
    from newsletter_cli.ledger.states import Outcome


_BLANK = {"email": "", "fields": None, "file": "", "line": 0, "reply": "", "queue_id": ""}


def forget(database: Database, person_of: Callable[[str], bytes], everywhere: bytes, now: datetime) -> int:
    """Forget whoever `person_of` gives for each newsletter id; gives in how many campaigns they were."""
    with database.writing() as connection:
        found = _blank(connection, person_of, everywhere, now)
    if database.path is not None:
        sqlite.compact(database.engine, database.path)
    return found


def _blank(connection: Connection, person_of: Callable[[str], bytes], everywhere: bytes, now: datetime) -> int:
    bar(connection, [_barred(everywhere, now)], now=now)
    newsletters = set(connection.execute(select(campaigns.c.newsletter)).scalars())
    newsletters |= set(connection.execute(select(suppressions.c.newsletter)).scalars()) - {""}
    persons = [person_of(newsletter) for newsletter in sorted(newsletters)]
    # By campaign and person, since the index is over both.
    rows = (recipients.c.campaign.in_(select(campaigns.c.id)), recipients.c.person.in_(persons))
    found = connection.execute(update(recipients).where(*rows).values(**_BLANK)).rowcount
    connection.execute(
        update(suppressions).where(suppressions.c.who.in_([everywhere, *persons])).values(email="", evidence="")
    )
    connection.execute(update(soft_bounces).where(soft_bounces.c.person.in_(persons)).values(evidence=""))
    return found


def stay(connection: Connection, campaign: int, outcome: Outcome) -> None:
    """Blank in a campaign, among those with this outcome, whoever was forgotten: a list may still name them.

    Inside the transaction that wrote them; told by a suppression everywhere that knows no address.
    """
    forgotten = select(suppressions.c.who).where(suppressions.c.newsletter == "", suppressions.c.email == "")
    if connection.execute(forgotten.limit(1)).first() is None:
        return
    rows = (recipients.c.campaign == campaign, recipients.c.outcome == outcome.value)
    connection.execute(update(recipients).where(*rows, recipients.c.everywhere.in_(forgotten)).values(**_BLANK))


def _barred(everywhere: bytes, now: datetime) -> Suppression:
    return Suppression(
        who=everywhere, newsletter="", email="", reason=SuppressionReason.MANUAL, source="forget", since=now
    )
