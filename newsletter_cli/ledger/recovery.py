"""What became of the rows that a dead run held (engine: "Where the safety comes from").

A run that is killed leaves rows claimed or handed over. Handed over: the mail may have arrived, its fate is unknown.
Claimed: nothing of it was on the wire, it waits again; but where the machine went down too, the last commits may be
lost and with them the hand-over, so that it is unknown as well. The caller holds the sender's lock: no other run of
this ledger is alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, literal, literal_column, select, update

from newsletter_cli.ledger import moves
from newsletter_cli.ledger.recipients import of_ids
from newsletter_cli.ledger.states import IN_FLIGHT, Outcome
from newsletter_cli.ledger.tables import recipients, runs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from newsletter_cli.ledger.model import RecipientRow

LOST = "the program ended before the server's answer was known"


def fate(outcome: Outcome, *, same_boot: bool) -> Outcome:
    """What a row becomes when its run is dead: one in flight is queued or unknown, any other stays."""
    if outcome not in IN_FLIGHT:
        return outcome
    if outcome is Outcome.CLAIMED and same_boot:
        return Outcome.QUEUED
    return Outcome.UNKNOWN


def recover(connection: Connection, campaign: int, *, boot: str, durable: bool, now: datetime) -> list[RecipientRow]:
    """Settle the rows of dead runs; gives those whose fate is unknown.

    `boot` names this boot of the machine, empty where that cannot be told. `durable`: the database keeps every commit
    (PostgreSQL), so that a claimed row was never handed over.
    """
    _queue_again(connection, campaign, boot=boot, durable=durable, now=now)
    in_flight = (recipients.c.campaign == campaign, moves.is_one_of(IN_FLIGHT))
    lost = [row.id for row in connection.execute(select(recipients.c.id).where(*in_flight))]
    if not lost:
        return []
    connection.execute(
        moves.moving(Outcome.UNKNOWN, IN_FLIGHT)
        .where(*in_flight)
        .values(
            tries=recipients.c.tries + literal_column("1"),
            code=0,
            reply=LOST,
            first_try_at=func.coalesce(recipients.c.first_try_at, literal(now, recipients.c.first_try_at.type)),
            next_try_at=None,
            updated_at=now,
        )
    )
    return of_ids(connection, sorted(lost))


def _queue_again(connection: Connection, campaign: int, *, boot: str, durable: bool, now: datetime) -> None:
    for outcome in IN_FLIGHT:
        if fate(outcome, same_boot=True) is not Outcome.QUEUED:
            continue
        conditions: list[ColumnElement[bool]] = [recipients.c.campaign == campaign]
        if not durable:
            conditions.append(recipients.c.run.in_(select(runs.c.id).where(runs.c.boot == boot, runs.c.boot != "")))
        connection.execute(
            moves.moving(Outcome.QUEUED, [outcome]).where(*conditions).values(next_try_at=None, updated_at=now)
        )


def begin_run(
    connection: Connection, campaign: int, *, run: int, boot: str, process: int, only: bytes | None, now: datetime
) -> None:
    """Write a new run and let deferred recipients of earlier runs be tried at once.

    `run`, its id, is a random one: should another ledger ever stand where this one did, no row there is this run's.
    """
    connection.execute(
        insert(runs), {"id": run, "campaign": campaign, "boot": boot, "process": process, "started_at": now}
    )
    reopened = update(recipients).where(recipients.c.campaign == campaign, moves.is_one_of([Outcome.DEFERRED]))
    if only is not None:
        reopened = reopened.where(recipients.c.person == only)
    connection.execute(reopened.values(next_try_at=now))


def end_run(connection: Connection, run: int, now: datetime) -> None:
    """Close a run: what it still claims, of which nothing is on the wire, waits again."""
    connection.execute(
        moves.moving(Outcome.QUEUED, [Outcome.CLAIMED])
        .where(
            recipients.c.run == run,
            recipients.c.campaign == select(runs.c.campaign).where(runs.c.id == run).scalar_subquery(),
        )
        .values(next_try_at=None, updated_at=now)
    )
    connection.execute(update(runs).where(runs.c.id == run).values(ended_at=now))
