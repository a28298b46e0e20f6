"""Recipients as rows: queued by the million, read in pages, looked up. All inside a transaction of the caller."""

from __future__ import annotations

import heapq
import json
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, bindparam, func, literal_column, select

from newsletter_cli.ledger import moves, pouring
from newsletter_cli.ledger.model import NewRecipient, RecipientRow, Shelf
from newsletter_cli.ledger.states import WAITING, Outcome
from newsletter_cli.ledger.tables import campaigns, from_integer, recipients

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select
    from sqlalchemy.dialects.postgresql import Insert

    from newsletter_cli.ledger.database import Database

_columns = recipients.c
_encode = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make an encoder for each row
_NAMES = ("person", "everywhere", "email", "version", "file", "line", "fields")


def insert(
    connection: Connection,
    database: Database,
    campaign: int,
    added: Iterable[NewRecipient],
    *,
    outcome: Outcome = Outcome.QUEUED,
    now: datetime | None = None,
) -> None:
    """Write new rows, in order, in bounded memory; who is in the campaign already stays as they are."""
    at = moves.instant(now)
    same: dict[str, Any] = {"campaign": campaign, "updated_at": at, "outcome": outcome.value}
    if database.path is not None and isinstance(added, Shelf):
        pouring.copy(connection, recipients.name, _NAMES, added, same=same, path=database.path)
        return
    rows = (
        (
            person,
            everywhere,
            email,
            version,
            file,
            line,
            _stored(fields),
        )
        for person, everywhere, email, version, file, line, fields in added
    )
    if database.path is not None:
        pouring.pour(connection, recipients.name, _NAMES, rows, same=same, path=database.path)
        return
    statement = _insertion()
    while group := list(islice(rows, moves.GROUP)):
        connection.execute(statement, [{**dict(zip(_NAMES, row, strict=True)), **same} for row in group])


def _insertion() -> Insert:
    from sqlalchemy.dialects.postgresql import insert as insert_into_postgresql

    values: dict[str, Any] = {
        name: bindparam(name, type_=BigInteger() if name == "updated_at" else _columns[name].type)
        for name in (*_NAMES, "campaign", "updated_at", "outcome")
    }
    return insert_into_postgresql(recipients).values(values).on_conflict_do_nothing()


def requeueing(
    connection: Connection, campaign: int, added: Iterable[NewRecipient], among: frozenset[Outcome], now: datetime
) -> Iterator[NewRecipient]:
    """Pass `added` through, queueing again those who are known, a group at a time."""
    rest = iter(added)
    while group := list(islice(rest, moves.GROUP)):
        _requeue_known(connection, campaign, group, among, now)
        yield from group


def _requeue_known(
    connection: Connection, campaign: int, added: Iterable[NewRecipient], among: Iterable[Outcome], now: datetime
) -> None:
    """Queue those of `added` again that stand in `among` and are not suppressed, as the list has them now."""
    statement = (
        moves.requeueing(among)
        .where(_columns.campaign == campaign, _columns.person == bindparam("who"))
        .values(
            email=bindparam("email"),
            version=bindparam("version"),
            file=bindparam("file"),
            line=bindparam("line"),
            fields=bindparam("fields"),
            next_try_at=None,
            updated_at=now,
        )
    )
    rows = [{"who": one.person, "version": one.version, **_address(one)} for one in added]
    if rows:
        connection.execute(statement, rows)


def fill(connection: Connection, campaign: int, added: Iterable[NewRecipient], *, anew: bool) -> int:
    """Give waiting rows without an address (imported as hashes) theirs, with line and fields; gives how many.

    `added` is not touched where there is no such row, as in every campaign that was begun here. With `anew` all who
    wait get theirs: an accepted edit may ask for fields that were not kept.
    """
    nameless = [_columns.campaign == campaign, moves.is_one_of(WAITING)]
    if not anew:
        nameless.append(_columns.email == "")
    if connection.execute(select(_columns.id).where(*nameless).limit(1)).first() is None:
        return 0
    statement = (
        recipients.update()
        .where(*nameless, _columns.person == bindparam("who"))
        .values(email=bindparam("email"), file=bindparam("file"), line=bindparam("line"), fields=bindparam("fields"))
    )
    rest = iter(added)
    filled = 0
    while group := list(islice(rest, moves.GROUP)):
        filled += connection.execute(statement, [{"who": one.person, **_address(one)} for one in group]).rowcount
    return filled


def _stored(fields: Mapping[str, str]) -> str | None:
    """Merge fields as the ledger keeps them."""
    return _encode(fields if isinstance(fields, dict) else dict(fields)) if fields else None


def _address(one: NewRecipient) -> dict[str, Any]:
    return {
        "email": one.email,
        "file": one.file,
        "line": one.line,
        "fields": _stored(one.fields),
    }


def requeue(
    connection: Connection, campaign: int, outcomes: Iterable[Outcome], person: bytes | None, now: datetime
) -> int:
    """Let settled rows wait again, their tries counted anew; a suppressed person's stay. Gives how many."""
    statement = moves.requeueing(outcomes).where(_columns.campaign == campaign)
    if person is not None:
        statement = statement.where(_columns.person == person)
    return connection.execute(
        statement.values(tries=0, run_tries=0, first_try_at=None, next_try_at=None, updated_at=now)
    ).rowcount


def counts(connection: Connection, campaign: int) -> dict[Outcome, int]:
    """How many stand in each state; every state is there."""
    found = dict.fromkeys(Outcome, 0)
    rows = connection.execute(
        select(_columns.outcome, func.count()).where(_columns.campaign == campaign).group_by(_columns.outcome)
    )
    for outcome, number in rows:
        found[Outcome(outcome)] = number
    return found


def stream(
    connection: Connection, campaign: int, outcomes: Iterable[Outcome] | None, after: int, limit: int | None
) -> Iterator[RecipientRow]:
    """Rows of a campaign in list order, from behind the id `after`, as they are read.

    One query a state, each in the order of its index, merged: one over all of them would sort a million rows.
    """
    each = []
    for outcome in outcomes if outcomes is not None else Outcome:
        query = _query().where(_columns.campaign == campaign, moves.is_one_of([outcome]), _columns.id > after)
        if outcome is not Outcome.DEFERRED:  # no other has a next try
            query = query.where(_columns.next_try_at.is_(None))
        each.append(streamed(connection, query.order_by(_columns.id).limit(limit)))
    rows = heapq.merge(*each, key=attrgetter("id"))
    yield from map(recipient_of, rows if limit is None else islice(rows, limit))


def waiting(connection: Connection, campaign: int) -> Iterator[tuple[int, bytes]]:
    """Id and person of those who wait, as they are read, in no order: sorting a million takes seconds."""
    statement = select(_columns.id, _columns.person).where(_columns.campaign == campaign, moves.is_one_of(WAITING))
    for row in streamed(connection, statement):
        yield row.id, bytes(row.person)


def streamed(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    """The rows of a query as they are read, in bounded memory; a reader may stop in the middle."""
    with connection.execution_options(yield_per=moves.GROUP).execute(query) as rows:
        yield from rows


def of_ids(connection: Connection, ids: Iterable[int]) -> list[RecipientRow]:
    """The rows of these ids (ascending), in that order: one query a group."""
    rest = iter(ids)
    found: list[RecipientRow] = []
    while group := list(islice(rest, moves.GROUP)):
        query = _query().where(_columns.id.in_(group)).order_by(_columns.id)
        found += map(recipient_of, connection.execute(query))
    return found


def of_person(connection: Connection, person: bytes, newsletter: str | None = None) -> list[RecipientRow]:
    """A person's rows, newest campaign first."""
    named = select(campaigns.c.id)
    if newsletter is not None:
        named = named.where(campaigns.c.newsletter == newsletter)
    # By campaign and person, since the index is over both.
    rows = connection.execute(_query().where(_columns.campaign.in_(named), _columns.person == person))
    return sorted(map(recipient_of, rows), key=attrgetter("campaign"), reverse=True)


def of_queue_id(connection: Connection, queue_id: str) -> RecipientRow | None:
    """The row whose mail a server took under this id, the newest where servers used it twice."""
    # The constant lets SQLite use the partial index.
    statement = _query().where(_columns.queue_id == queue_id, _columns.queue_id != literal_column("''"))
    row = connection.execute(statement.order_by(_columns.id.desc()).limit(1)).first()
    return None if row is None else recipient_of(row)


def of_message_ids(
    connection: Connection, wanted: Collection[str], local_of: Callable[[str, bytes], str]
) -> dict[str, RecipientRow]:
    """The rows of Message-IDs, by their left sides, which begin with the campaign's uid."""
    left = {local: local.partition(".")[0] for local in wanted}
    statement = select(campaigns.c.id, campaigns.c.uid).where(campaigns.c.uid.in_(sorted(set(left.values()))))
    found: dict[str, int] = {}
    for campaign, uid in connection.execute(statement).all():
        sought = {local for local, its_uid in left.items() if its_uid == uid}
        rows = select(_columns.id, _columns.person).where(_columns.campaign == campaign)
        for row in streamed(connection, rows):
            local = local_of(uid, bytes(row.person))
            if local in sought:
                found[local] = row.id
    return {
        local: recipient_of(connection.execute(_query().where(_columns.id == identifier)).one())
        for local, identifier in found.items()
    }


def _query() -> Select[Any]:
    """Rows with the instant at which their campaign began: that of a row nobody touched since."""
    return select(recipients, campaigns.c.begun_at).join(campaigns, campaigns.c.id == _columns.campaign)


def recipient_of(row: Row[Any]) -> RecipientRow:
    """A row as a value."""
    return RecipientRow(
        id=row.id,
        campaign=row.campaign,
        email=row.email,
        person=bytes(row.person),
        everywhere=bytes(row.everywhere),
        outcome=Outcome(row.outcome),
        version=row.version,
        file=row.file,
        line=row.line,
        tries=row.tries,
        code=row.code,
        reply=row.reply,
        queue_id=row.queue_id,
        updated_at=row.updated_at or row.begun_at or from_integer(0),
        fields=json.loads(row.fields) if row.fields else {},
        stage=row.stage,
        first_try_at=row.first_try_at,
        next_try_at=row.next_try_at,
    )
