"""Campaigns as rows: found, read, begun, and moved from state to state. All inside a transaction of the caller."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, literal_column, or_, select, update

from newsletter_cli.ledger import moves
from newsletter_cli.ledger.model import Campaign, Frozen, PostIdentity
from newsletter_cli.ledger.recognise import Conflict, recognise
from newsletter_cli.ledger.states import CAMPAIGN_MOVES, IN_FLIGHT, WAITING, CampaignState, Outcome
from newsletter_cli.ledger.tables import campaigns, frozen_posts, frozen_versions, recipients
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

_columns = campaigns.c


def campaign_of(row: Row[Any]) -> Campaign:
    """A row as a value."""
    return Campaign(
        id=row.id,
        uid=row.uid,
        newsletter=row.newsletter,
        identity=PostIdentity(
            post_id=row.post_id, path=row.path, body_hash=row.body_hash, title=row.title, date=row.date
        ),
        state=CampaignState(row.state),
        subject=row.subject,
        begun_at=row.begun_at,
        finished_at=row.finished_at,
        sent_stamp=row.sent_stamp,
        stamped=row.stamped,
        reason=row.reason,
        wait_until=row.wait_until,
        source_hash=row.source_hash,
        list_rows=row.list_rows,
    )


def get(connection: Connection, campaign: int) -> Campaign:
    """One campaign. Raises LookupError where there is none."""
    row = connection.execute(select(campaigns).where(_columns.id == campaign)).first()
    if row is None:
        raise LookupError(f"no campaign {campaign}")
    return campaign_of(row)


def all_of(connection: Connection, newsletter: str | None) -> list[Campaign]:
    """The campaigns of a newsletter, or of all, oldest first."""
    statement = select(campaigns).order_by(_columns.id)
    if newsletter is not None:
        statement = statement.where(_columns.newsletter == newsletter)
    return [campaign_of(row) for row in connection.execute(statement)]


def last_list(connection: Connection, newsletter: str) -> int | None:
    """How many could be mailed at the newsletter's last beginning; None where that is not known."""
    query = select(_columns.list_rows).where(_columns.newsletter == newsletter, _columns.list_rows.is_not(None))
    found = connection.execute(query.order_by(_columns.begun_at.desc(), _columns.id.desc()).limit(1)).scalar()
    return None if found is None else int(found)


def find(connection: Connection, newsletter: str, identity: PostIdentity) -> Campaign | None:
    """The campaign of a post. Raises Conflict."""
    shared = [_columns.path == identity.path, _columns.body_hash == identity.body_hash]
    if identity.post_id:
        shared.append(_columns.post_id == identity.post_id)
    rows = connection.execute(select(campaigns).where(_columns.newsletter == newsletter, or_(*shared)))
    known = [campaign_of(row) for row in rows]
    while True:
        try:
            return recognise(identity, known)
        except Conflict as conflict:
            rival = conflict.campaign
            if was_mailed(connection, rival):
                raise
        # Its server was away, or it was refused: nobody has had that post, and another may stand in its place.
        if rival.identity.post_id == identity.post_id:
            return rival
        known.remove(rival)


def was_mailed(connection: Connection, campaign: Campaign) -> bool:
    """Whether anybody was queued for it: where a beginning was taken back there is nobody any more."""
    if campaign.state is not CampaignState.SINGLE:
        return True
    query = select(recipients.c.id).where(recipients.c.campaign == campaign.id).limit(1)
    return connection.execute(query).first() is not None


def new(
    connection: Connection, newsletter: str, identity: PostIdentity, uid: str, state: CampaignState, **values: Any
) -> int:
    """Write a new campaign; gives its id. Raises Refused where its name in Message-IDs is taken."""
    taken = connection.execute(select(campaigns).where(_columns.newsletter == newsletter, _columns.uid == uid)).first()
    if taken is not None:
        raise Refused(
            Problem(
                text=f"another post was mailed from here and goes now by {taken.path}",
                file=identity.path,
                hint="give this post a post_id of its own",
                code="post-conflict",
            )
        )
    stored = {
        "newsletter": newsletter,
        "uid": uid,
        "state": state.value,
        "subject": "",
        "source_hash": "",
        "sent_stamp": "",
        "stamped": False,
        "reason": "",
        **_named(identity),
        **values,
    }
    return int(connection.execute(insert(campaigns).returning(_columns.id), stored).scalar_one())


def promote(connection: Connection, known: Campaign, state: CampaignState) -> int:
    """Begin what single mails, or an adoption with its record, began; gives its id. Raises Conflict for any other."""
    if known.state is CampaignState.SINGLE is state:
        return known.id
    if known.state not in (CampaignState.SINGLE, CampaignState.ADOPTED) or state is not CampaignState.SENDING:
        raise Conflict(known, "this post is begun already", file=known.identity.path, hint="run again to go on with it")
    recorded = select(recipients.c.id).where(recipients.c.campaign == known.id).limit(1)
    if known.state is CampaignState.ADOPTED and connection.execute(recorded).first() is None:
        raise Conflict(
            known,
            "this post was mailed elsewhere, and nobody recorded to whom",
            file=known.identity.path,
            hint="record it with `newsletter adopt --delivers FILE`",
        )
    set_state(connection, known.id, state)
    return known.id


def set_values(connection: Connection, campaign: int, **values: Any) -> None:
    """Write columns of one campaign."""
    connection.execute(update(campaigns).where(_columns.id == campaign).values(**values))


def freeze(connection: Connection, campaign: int, identity: PostIdentity, frozen: Frozen) -> None:
    """Keep what the campaign mails, in the place of what it kept."""
    for table in (frozen_posts, frozen_versions):
        connection.execute(delete(table).where(table.c.campaign == campaign))
    connection.execute(insert(frozen_posts).values(campaign=campaign, source=frozen.source))
    for version, parts in frozen.versions.items():
        connection.execute(insert(frozen_versions).values(campaign=campaign, version=version, parts=parts))
    source_hash = hashlib.sha256(frozen.source).hexdigest()
    set_values(connection, campaign, subject=frozen.subject, source_hash=source_hash, **_named(identity))


def keeps_post(connection: Connection, campaign: int) -> bool:
    """Whether the campaign keeps what it mails."""
    return (
        connection.execute(select(frozen_posts.c.campaign).where(frozen_posts.c.campaign == campaign)).first()
        is not None
    )


def frozen(connection: Connection, campaign: int) -> Frozen:
    """What the campaign mails. Raises LookupError for one that keeps nothing (adopted)."""
    source = connection.execute(select(frozen_posts.c.source).where(frozen_posts.c.campaign == campaign)).scalar()
    if source is None:
        raise LookupError(f"campaign {campaign} keeps no post")
    versions = connection.execute(
        select(frozen_versions.c.version, frozen_versions.c.parts)
        .where(frozen_versions.c.campaign == campaign)
        .order_by(frozen_versions.c.version)
    )
    return Frozen(
        source=bytes(source),
        subject=get(connection, campaign).subject,
        versions={version: bytes(parts) for version, parts in versions},
    )


def set_state(
    connection: Connection,
    campaign: int,
    state: CampaignState | None,
    *,
    reason: str = "",
    wait_until: datetime | None = None,
) -> None:
    """Give a campaign its state (or the one it has, with another reason). Raises Refused where it cannot have it.

    None: state and reason stay what a person may have made them meanwhile.
    """
    before = get(connection, campaign)
    if state is None:
        state, reason = before.state, before.reason
    if state is not before.state and state not in CAMPAIGN_MOVES[before.state]:
        raise Refused(
            Problem(
                text=f"the campaign is {before.state}; it cannot become {state}",
                file=before.identity.path,
                code="campaign-state",
            )
        )
    set_values(connection, campaign, state=state.value, reason=reason, wait_until=wait_until)


def reopen(connection: Connection, campaign: int, now: datetime) -> None:
    """Go on with a campaign in which somebody waits again; one that is paused or held stays so."""
    before = get(connection, campaign)
    if before.state in (CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.ADOPTED):
        set_state(connection, campaign, CampaignState.SENDING)
        set_values(connection, campaign, begun_at=before.begun_at or now, finished_at=None)


def cancel(connection: Connection, campaign: int, now: datetime) -> int:
    """Settle what is left as cancelled, but for what is handed over; gives how many."""
    set_state(connection, campaign, CampaignState.CANCELLED)
    statement = moves.moving(Outcome.CANCELLED, moves.STOPPABLE).where(recipients.c.campaign == campaign)
    return connection.execute(statement.values(updated_at=now, next_try_at=None)).rowcount


def unbegin(connection: Connection, campaign: int, reason: str) -> bool:
    """Take a beginning back of which nobody was tried; gives whether that was so. `reason` says why it waits, if so.

    A server that was away, or a login that was refused, froze nothing: the post may be edited, the list changed. Who
    was once handed over, even if queued again by hand since, is never dropped from the record.
    """
    untried = [Outcome.QUEUED, Outcome.SUPPRESSED]
    tried = select(recipients.c.id).where(
        recipients.c.campaign == campaign, moves.is_one_of(set(Outcome) - set(untried))
    )
    again = select(recipients.c.id).where(
        recipients.c.campaign == campaign,
        moves.is_one_of(untried),
        or_(recipients.c.tries > 0, recipients.c.stage != literal_column("''"), recipients.c.code != 0),
    )
    if any(connection.execute(some.limit(1)).first() is not None for some in (tried, again)):
        return False
    connection.execute(delete(recipients).where(recipients.c.campaign == campaign))
    set_values(connection, campaign, state=CampaignState.SINGLE.value, begun_at=None, reason=reason)
    return True


def finish(connection: Connection, campaign: int, sent_stamp: str, now: datetime) -> bool:
    """Close a campaign in which everyone is settled; gives whether it is closed.

    A cancelled one stays cancelled, with the stamp; one that mailed single persons only was never begun. The stamp
    of the first time stays.
    """
    before = get(connection, campaign)
    unsettled = select(recipients.c.id).where(recipients.c.campaign == campaign, moves.is_one_of(WAITING | IN_FLIGHT))
    if before.state is CampaignState.SINGLE or connection.execute(unsettled.limit(1)).first() is not None:
        return False
    if before.state in (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.HELD):
        set_state(connection, campaign, CampaignState.FINISHED)
    set_values(
        connection,
        campaign,
        finished_at=before.finished_at or now,
        sent_stamp=before.sent_stamp or sent_stamp,
        reason="",
        wait_until=None,
    )
    return True


def _named(identity: PostIdentity) -> dict[str, str]:
    return {
        "post_id": identity.post_id,
        "path": identity.path,
        "body_hash": identity.body_hash,
        "title": identity.title,
        "date": identity.date,
    }
