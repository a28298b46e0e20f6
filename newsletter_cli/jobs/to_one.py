"""`newsletter send --to ADDRESS [--resend]`: one person of the list alone, recorded like any other.

Nothing is begun by it for the others, and nothing is let go: a paused or held campaign stays so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter_cli import tokens
from newsletter_cli.jobs import desk as shared, gather, go_on, identity
from newsletter_cli.jobs.carry import carry
from newsletter_cli.jobs.report import SendReport
from newsletter_cli.ledger.states import IN_FLIGHT, SETTLED, WAITING, CampaignState, Outcome
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from newsletter_cli.jobs.desk import Desk
    from newsletter_cli.jobs.gather import Gathered
    from newsletter_cli.ledger.model import Campaign, Frozen


def to_one(desk: Desk, known: Campaign | None) -> SendReport:
    """Mail one person. Raises Refused where they are not on the list, suppressed, or the campaign is stopped."""
    request, ledger = desk.request, desk.ledger
    gathered = desk.gather()
    only = shared.one_person(request.to, gathered, desk.keys, request.settings)
    _require_open(desk, gathered, only, known)
    standing = None if known is None else _standing(desk, known, only)
    if standing in SETTLED - {Outcome.WITHDRAWN, Outcome.CANCELLED, Outcome.SUPPRESSED} and not request.wish.resend:
        assert known is not None  # it has a standing there
        said = f"{request.to}: {standing} before; --resend sends it again"
        return SendReport(post=str(desk.post.path), subject=known.subject, said=(said,), counts=desk.counts(known))
    if not request.confirm(f"Send {gathered.prepared.post.subject!r} to {request.to}?"):
        return shared.declined(request)
    campaign, frozen = _recorded(desk, gathered, only, known)
    if request.wish.resend:
        ledger.requeue(campaign.id, SETTLED - {Outcome.SUPPRESSED}, person=only)
    report = carry(desk.carriage(campaign, frozen), ledger.campaign(campaign.id), only=only)
    waits = _standing(desk, campaign, only) in WAITING | IN_FLIGHT
    return replace(report, unfinished=waits, problems=(*gathered.problems, *report.problems))


def _require_open(desk: Desk, gathered: Gathered, only: bytes, known: Campaign | None) -> None:
    """Raise Refused for a suppressed person, a missing merge field, or a campaign that was stopped."""
    path = str(desk.post.path)
    if known is not None and known.state in {CampaignState.PAUSED, CampaignState.HELD}:
        why = f" ({known.reason})" if known.reason else ""
        raise Refused(
            Problem(text=f"its sending is {known.state}{why}", file=path, hint="`newsletter resume POST` first")
        )
    chosen = gathered.get(only)
    assert chosen is not None  # one_person saw to it
    barred = shared.barred(desk.ledger, desk.request.settings.newsletter.id)
    for _, reason in gather.with_bars([chosen], barred=barred):
        if reason:
            raise Refused(
                Problem(
                    text=f"{desk.request.to}: {reason}",
                    hint="`newsletter suppress remove ADDRESS`, if they asked for it",
                )
            )
    lacking = gather.lacking(gathered, chosen)
    if lacking is not None:
        raise Refused(lacking)


def _recorded(desk: Desk, gathered: Gathered, only: bytes, known: Campaign | None) -> tuple[Campaign, Frozen]:
    """The campaign with this person in it, and what it mails; a record of single mails where nothing was begun."""
    request, ledger = desk.request, desk.ledger
    row = gather.recipients(gathered, only=only)
    who = identity.identity_of(desk.post, request.settings.folder)
    if known is None or (known.begun_at is None and known.state is CampaignState.SINGLE):
        uid = known.uid if known else tokens.campaign_uid(desk.keys, request.settings.newsletter.id, who.key)
        frozen = shared.freeze(gathered)
        newsletter = request.settings.newsletter.id
        return ledger.begin(newsletter, who, uid, frozen, row, state=CampaignState.SINGLE), frozen
    frozen = go_on.frozen_of(desk, known, gathered)
    go_on.keep_edit(desk, known, frozen, gathered)
    ledger.add(known.id, row)
    return ledger.campaign(known.id), frozen


def _standing(desk: Desk, campaign: Campaign, only: bytes) -> Outcome | None:
    """What became of the person in this campaign; None where they are not in it."""
    return next((row.outcome for one, row in desk.ledger.history(lambda _: only) if one.id == campaign.id), None)
