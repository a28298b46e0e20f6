"""The statements that move recipients from state to state: each takes its condition from `states.MOVES`.

`Statement`s are a run's, once a mail; the functions below them are for whole campaigns. No other module writes
`recipients.outcome` of a row that exists.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)

from newsletter_cli.ledger.hot import Statement
from newsletter_cli.ledger.model import SMTP, SuppressionReason
from newsletter_cli.ledger.states import SETTLED, WAITING, CampaignState, IllegalMove, Outcome, sources
from newsletter_cli.ledger.tables import campaigns, recipients, suppressions, to_integer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

_rows = recipients.c
_IN_HAND = (Outcome.CLAIMED, Outcome.HANDED_OVER)

# Whom a suppression or `cancel` still stops: not who was handed over.
STOPPABLE = (Outcome.QUEUED, Outcome.CLAIMED, Outcome.DEFERRED)

# At most so many values stand in one IN list: SQLite takes 32,766, PostgreSQL 65,535.
GROUP = 1_000


def said(outcome: Outcome) -> ColumnElement[str]:
    """A state as a constant of the statement: the words of `Outcome` hold no quote."""
    return literal_column(f"'{outcome.value}'")


def is_one_of(outcomes: Iterable[Outcome]) -> ColumnElement[bool]:
    """Whether a row stands in one of the states."""
    return _rows.outcome.in_([said(outcome) for outcome in outcomes])


def moving(after: Outcome, among: Iterable[Outcome]) -> Update:
    """An update of the rows in `among` to `after`. Raises IllegalMove where the table does not know it."""
    return update(recipients).where(is_one_of(sources(after, among))).values(outcome=said(after))


def requeueing(among: Iterable[Outcome]) -> Update:
    """An update that lets settled rows of `among` wait again, unless they are suppressed; at a person's word only."""
    chosen = tuple(among)
    if not SETTLED.issuperset(chosen):
        raise IllegalMove(f"{', '.join(sorted(chosen))}: what is not settled is not queued again by hand")
    return moving(Outcome.QUEUED, chosen).where(~barred())


def barred() -> ColumnElement[bool]:
    """Whether a row's person is suppressed, for its newsletter or everywhere."""
    known = select(suppressions.c.who)
    return or_(_rows.person.in_(known), _rows.everywhere.in_(known))


# SQLAlchemy keeps the names of columns for itself.
_row = bindparam("row", type_=BigInteger)
_run = bindparam("of_run", type_=BigInteger)
_now = bindparam("now", type_=BigInteger)
_campaign = bindparam("of_campaign", type_=BigInteger)
_limit = bindparam("limit", type_=BigInteger)
_claimed_columns = (
    _rows.id,
    _rows.person,
    _rows.email,
    _rows.version,
    _rows.fields,
    _rows.tries,
    _rows.run,
    _rows.run_tries,
    type_coerce(_rows.first_try_at, BigInteger),
)
_claimable = select(*_claimed_columns).where(_rows.campaign == _campaign, _rows.email != literal_column("''"))
_due = _claimable.where(_rows.outcome == said(Outcome.DEFERRED), _rows.next_try_at <= _now)
_queued = _claimable.where(_rows.outcome == said(Outcome.QUEUED))
_person = bindparam("of_person", type_=_rows.person.type)

DUE = Statement(_due.order_by(_rows.next_try_at, _rows.id).limit(_limit), "of_campaign", "now", "limit")
# A queued row has no next try: the whole order of the index is used.
QUEUED = Statement(_queued.where(_rows.next_try_at.is_(None)).order_by(_rows.id).limit(_limit), "of_campaign", "limit")
DUE_ONE = Statement(_due.where(_rows.person == _person), "of_campaign", "now", "of_person")
QUEUED_ONE = Statement(_queued.where(_rows.person == _person), "of_campaign", "of_person")

_to_claim = {
    "run": _run,
    "run_tries": case((_rows.run == _run, _rows.run_tries), else_=literal_column("0")),
    "updated_at": _now,
    "next_try_at": None,
}
CLAIM = Statement(moving(Outcome.CLAIMED, WAITING).where(_rows.id == _row).values(**_to_claim), "of_run", "now", "row")
# All whom QUEUED gave, by the first and the last of them: a third of the time of a statement each.
CLAIM_QUEUED = Statement(
    moving(Outcome.CLAIMED, [Outcome.QUEUED])
    .where(
        _rows.campaign == _campaign,
        _rows.email != literal_column("''"),
        _rows.outcome == said(Outcome.QUEUED),
        _rows.next_try_at.is_(None),
        _rows.id.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)),
    )
    .values(**_to_claim),
    *("of_run", "now", "of_campaign", "first", "last"),
)
HAND_OVER = Statement(
    moving(Outcome.HANDED_OVER, [Outcome.CLAIMED])
    .where(_rows.id == _row, _rows.run == _run)
    .values(stage=literal_column("'dot'"), updated_at=_now),
    "now",
    "row",
    "of_run",
)


PUT_BACK = Statement(
    moving(Outcome.QUEUED, [Outcome.CLAIMED, Outcome.HANDED_OVER, Outcome.DEFERRED, Outcome.FAILED])
    .where(_rows.id == _row, _rows.run == _run)
    .values(next_try_at=None, updated_at=_now),
    "now",
    "row",
    "of_run",
)


def _settle(after: Outcome) -> Statement:
    # UNKNOWN needs a hand-over: nothing of a claimed mail can have arrived while its run lives.
    among = [Outcome.HANDED_OVER] if after is Outcome.UNKNOWN else set(_IN_HAND) & set(sources(after))
    counted = bindparam("counted", type_=BigInteger)
    return Statement(
        moving(after, among)
        .where(_rows.id == _row, _rows.run == _run)
        .values(
            code=bindparam("said_code", type_=BigInteger),
            reply=bindparam("said_reply", type_=_rows.reply.type),
            queue_id=bindparam("said_queue_id", type_=_rows.queue_id.type),
            stage=bindparam("said_stage", type_=_rows.stage.type),
            next_try_at=bindparam("again", type_=BigInteger),
            tries=_rows.tries + counted,
            run_tries=_rows.run_tries + counted,
            first_try_at=func.coalesce(_rows.first_try_at, bindparam("first", type_=BigInteger)),
            updated_at=_now,
        ),
        *(
            "said_code",
            "said_reply",
            "said_queue_id",
            "said_stage",
            "again",
            "counted",
            "first",
            "now",
            "row",
            "of_run",
        ),
    )


SETTLE = {after: _settle(after) for after in sorted(SETTLED - {Outcome.WITHDRAWN} | {Outcome.DEFERRED})}

# After a row came back to waiting: has its person been suppressed, or its campaign cancelled, meanwhile?
BAR = Statement(
    moving(Outcome.SUPPRESSED, WAITING).where(_rows.id == _row, barred()).values(updated_at=_now, next_try_at=None),
    "now",
    "row",
)
CANCEL = Statement(
    moving(Outcome.CANCELLED, WAITING)
    .where(
        _rows.id == _row,
        exists(
            select(campaigns.c.id).where(
                campaigns.c.id == _rows.campaign,
                campaigns.c.state == literal_column(f"'{CampaignState.CANCELLED.value}'"),
            )
        ),
    )
    .values(updated_at=_now, next_try_at=None),
    "now",
    "row",
)

STATE = Statement(select(campaigns.c.state).where(campaigns.c.id == _campaign), "of_campaign")
STANDING = Statement(select(_rows.outcome, _rows.run).where(_rows.id == _row), "row")
WAITING_COUNT = Statement(
    select(func.count()).select_from(recipients).where(_rows.campaign == _campaign, is_one_of(WAITING)), "of_campaign"
)
NEXT_TRY = Statement(
    select(type_coerce(func.min(_rows.next_try_at), BigInteger)).where(
        _rows.campaign == _campaign, _rows.outcome == said(Outcome.DEFERRED)
    ),
    "of_campaign",
)
EVERYWHERE = Statement(select(_rows.everywhere).where(_rows.id == _row), "row")

_who = bindparam("whom", type_=suppressions.c.who.type)
BARRED = Statement(select(suppressions.c.since).where(suppressions.c.who == _who), "whom")
SUPPRESS = Statement(
    insert(suppressions).values(
        who=_who,
        newsletter=literal_column("''"),
        email=bindparam("address", type_=suppressions.c.email.type),
        reason=literal_column(f"'{SuppressionReason.HARD_BOUNCE.value}'"),
        source=literal_column(f"'{SMTP}'"),
        evidence=bindparam("proof", type_=suppressions.c.evidence.type),
        since=_now,
    ),
    *("whom", "address", "proof", "now"),
)
# The row itself is settled by its run. In other campaigns of its newsletter it is found by the index over persons; only
# for campaigns of other newsletters must those who wait be looked through.
_newsletter = select(campaigns.c.newsletter).where(campaigns.c.id == _campaign).scalar_subquery()
_suppressed = moving(Outcome.SUPPRESSED, STOPPABLE).values(updated_at=_now, next_try_at=None)
SUPPRESS_BESIDE = Statement(
    _suppressed.where(
        _rows.campaign.in_(
            select(campaigns.c.id).where(campaigns.c.newsletter == _newsletter, campaigns.c.id != _campaign)
        ),
        _rows.person == _person,
    ),
    *("of_campaign", "of_person", "now"),
)
SUPPRESS_ELSEWHERE = Statement(
    _suppressed.where(
        _rows.campaign.in_(select(campaigns.c.id).where(campaigns.c.newsletter != _newsletter)),
        _rows.everywhere == _who,
    ),
    *("of_campaign", "whom", "now"),
)
# Taken back, where it turns out that the server was wrong; found by the instant, which no other suppression shares.
# Whoever said no meanwhile stays out: another reason took its place (`suppressions.bar`), or bars them beside it.
_at = bindparam("at", type_=BigInteger)
UNSUPPRESS = Statement(
    delete(suppressions).where(
        suppressions.c.who == _who,
        suppressions.c.source == literal_column(f"'{SMTP}'"),
        type_coerce(suppressions.c.since, BigInteger) == _at,
    ),
    *("whom", "at"),
)
QUEUE_ELSEWHERE = Statement(
    moving(Outcome.QUEUED, [Outcome.SUPPRESSED])
    .where(
        _rows.campaign.in_(select(campaigns.c.id).where(campaigns.c.id != _campaign)),
        _rows.everywhere == _who,
        type_coerce(_rows.updated_at, BigInteger) == _at,
        ~barred(),
    )
    .values(updated_at=_now, next_try_at=None),
    *("of_campaign", "whom", "at", "now"),
)


def bar_waiting(connection: Connection, campaign: int, now: datetime) -> int:
    """Move the waiting rows of suppressed persons to suppressed; gives how many."""
    if connection.execute(select(suppressions.c.who).limit(1)).first() is None:
        return 0
    statement = moving(Outcome.SUPPRESSED, WAITING).where(_rows.campaign == campaign, barred())
    return connection.execute(statement.values(updated_at=now, next_try_at=None)).rowcount


def withdraw(connection: Connection, campaign: int, ids: Iterable[int], now: datetime) -> int:
    """Withdraw waiting rows of a campaign; gives how many."""
    statement = moving(Outcome.WITHDRAWN, WAITING).where(_rows.campaign == campaign, _rows.id == _row)
    rest = iter(ids)
    changed = 0
    while group := list(islice(rest, GROUP)):
        rows = [{"row": identifier} for identifier in group]
        changed += connection.execute(statement.values(updated_at=now, next_try_at=None), rows).rowcount
    return changed


def instant(now: datetime | None) -> int | None:
    """An instant as the hot statements take it."""
    return None if now is None else to_integer(now)
