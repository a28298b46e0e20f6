"""The first mails of a post: judge, ask, reach the server, freeze, mark the post, deliver."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter_cli import tokens
from newsletter_cli.jobs import desk as shared, gather, identity, stamping
from newsletter_cli.jobs.canary import carry_with_canary, try_test_list
from newsletter_cli.jobs.carry import carry
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from newsletter_cli.jobs.desk import Desk
    from newsletter_cli.jobs.gather import Gathered
    from newsletter_cli.jobs.report import SendReport
    from newsletter_cli.ledger.model import Campaign


def begin(desk: Desk, known: Campaign | None) -> SendReport:
    """Send a post that was never sent to more than single persons. `known` is the record of those, or of a held try.

    Raises Refused and NotNow. The recipients are queued before the server is reached, and taken back where nobody of
    them could be tried; the post is marked once a server is there.
    """
    request = desk.request
    settings = request.settings
    identity.refuse_twins(desk.post, settings.folder)
    gathered = desk.gather()
    barred = shared.barred(desk.ledger, settings.newsletter.id)
    seen = gather.survey(gathered, barred=barred, keep=shared.LEFT_OUT_SHOWN)
    shared.judge(request, gathered, seen, before=desk.ledger.last_list(settings.newsletter.id))
    if not request.confirm(_question(gathered, seen.mailable)):
        return shared.declined(request)
    if request.canary is not None:
        try_test_list(request)
    who = identity.identity_of(desk.post, settings.folder)
    uid = known.uid if known else tokens.campaign_uid(desk.keys, settings.newsletter.id, who.key)
    frozen = shared.freeze(gathered)
    campaign = desk.ledger.begin(
        settings.newsletter.id,
        who,
        uid,
        frozen,
        gather.to_queue(
            gathered,
            told=lambda number: request.told(f"queueing {number:,} of {seen.mailable:,}"),
        ),
        list_rows=gathered.roll.counts.mailable,
    )
    gathered.roll.close()  # the ledger has everybody: neither its memory nor its file is needed while mails go out
    carriage = replace(
        desk.carriage(campaign, frozen),
        before_first=(lambda: _mark(desk)) if request.stamps else None,
    )
    if request.canary is not None:
        report = carry_with_canary(carriage, campaign, request.canary, limit=request.limit)
    else:
        report = carry(carriage, campaign, limit=request.limit)
    rows = seen.mailable + seen.left_out_total
    return shared.with_rows(replace(report, rows=rows), seen.left_out, seen.left_out_total, gathered.problems)


def _mark(desk: Desk) -> None:
    """Say in the post that its sending was begun, and in which ledger. Raises Refused where another stands there."""
    settings, path = desk.request.settings, desk.post.path
    if not identity.still_there(path, identity.identity_of(desk.post, settings.folder), settings):
        raise Refused(Problem(text="another post was put in its place meanwhile; nothing was sent", file=str(path)))
    stamping.mark_started(path, at=desk.request.workspace.clock.now(), ledger_id=desk.ledger.ledger_id)


def _question(gathered: Gathered, count: int) -> str:
    subject = gathered.prepared.post.subject
    people = "1 person" if count == 1 else f"{count} people"
    return f"Send {subject!r} to {people} from {gathered.prepared.sender.mailbox.address}?"
