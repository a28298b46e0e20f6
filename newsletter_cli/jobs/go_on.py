"""A post that was begun: go on with it, add to it at a person's word, or write the line that is still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli.jobs import desk as shared, edits, gather, identity, stamping
from newsletter_cli.jobs.carry import carry
from newsletter_cli.jobs.report import Counts, SendReport
from newsletter_cli.ledger.states import SETTLED, CampaignState, Outcome
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from newsletter_cli.jobs.decide import Decision
    from newsletter_cli.jobs.desk import Desk
    from newsletter_cli.jobs.gather import Gathered
    from newsletter_cli.ledger.model import Campaign, Frozen

# More of the waiting ones gone from the list than this, and it is probably the wrong list (interface, promise 7).
MAX_WITHDRAWN = 0.30


def go_on(desk: Desk, campaign: Campaign) -> SendReport:
    """Send to those who wait, from the frozen parts; whoever is gone from the list is withdrawn."""
    request, post, ledger = desk.request, desk.post, desk.ledger
    frozen = _frozen(desk, campaign)
    gathered = _gathered(desk)
    only = None
    if request.to:
        gathered = gathered or desk.gather()
        only = shared.one_person(request.to, gathered, desk.keys, request.settings)
        if request.wish.resend:
            ledger.requeue(campaign.id, SETTLED - {Outcome.SUPPRESSED}, person=only)
    else:
        _apply_wishes(desk, campaign, gathered)
        if gathered is not None:
            # An imported record has no addresses: the list gives them back.
            ledger.fill(campaign.id, gather.recipients(gathered, keys=desk.keys))
            withdraw(desk, campaign, gathered)
    left = _counts(desk, campaign).left
    if not request.confirm(f"{post.path}: {left} still wait for it. Go on?"):
        return shared.declined(post)
    ledger.set_state(campaign.id, CampaignState.SENDING)
    carriage = desk.carriage(campaign, frozen)
    if carriage.stamps and not post.meta.email_started_at and not post.meta.email_sent_at:
        stamping.mark_started(post.path, at=campaign.begun_at or carriage.clock.now(), ledger_id=ledger.ledger_id)
    report = carry(carriage, ledger.campaign(campaign.id), limit=request.limit, only=only)
    if gathered is None:
        return report
    first, total = gather.first_left(gathered.left_out(), keep=shared.LEFT_OUT_SHOWN)
    return shared.with_rows(report, first, total, gathered.problems)


def add(desk: Desk, campaign: Campaign) -> SendReport:
    """Send a finished post to some more, by a person's word: never twice but where `--resend…` says so."""
    request, ledger = desk.request, desk.ledger
    gathered = desk.gather()
    if not ledger.keeps_post(campaign.id):  # adopted, or imported when it was finished
        if not _counts(desk, campaign).total:
            raise Refused(
                Problem(
                    text="it was mailed elsewhere, and there is no record of who has had it",
                    file=str(desk.post.path),
                    hint="`newsletter adopt POST --delivers FILE` records who got it",
                )
            )
        frozen = shared.freeze(gathered)
        ledger.accept_edit(campaign.id, identity.identity_of(desk.post, request.settings.folder), frozen)
    else:
        frozen = _frozen(desk, campaign)
    only = shared.one_person(request.to, gathered, desk.keys, request.settings) if request.to else None
    if not request.confirm(f"{desk.post.path} was sent at {campaign.sent_stamp}. Send it to some more?"):
        return shared.declined(desk.post)
    if only is not None:
        ledger.add(campaign.id, gather.recipients(gathered, keys=desk.keys, only=only))
        ledger.requeue(campaign.id, SETTLED - {Outcome.SUPPRESSED}, person=only)
    else:
        _apply_wishes(desk, campaign, gathered)
        withdraw(desk, campaign, gathered, guard=False)
    counts = _counts(desk, campaign)
    if not counts.left:
        said = "everyone on the list who is to get it has had it; nothing to do"
        return SendReport(post=str(desk.post.path), subject=campaign.subject, said=(said,), counts=counts)
    ledger.set_state(campaign.id, CampaignState.SENDING)
    report = carry(desk.carriage(campaign, frozen), ledger.campaign(campaign.id), limit=request.limit, only=only)
    first, total = gather.first_left(gathered.left_out(), keep=shared.LEFT_OUT_SHOWN)
    return shared.with_rows(report, first, total, gathered.problems)


def stamp_only(desk: Desk, campaign: Campaign, decision: Decision) -> SendReport:
    """Everyone is settled; the post does not say so yet, or was put back by git. Nobody is mailed."""
    said = [f"{desk.post.path}: {decision.text}; nothing to send"]
    problems: tuple[Problem, ...] = ()
    if desk.request.stamps:
        problem = stamping.mark_sent(desk.post.path, sent_stamp=campaign.sent_stamp)
        if problem is None:
            desk.ledger.stamped(campaign.id)
            said.append(f"{desk.post.path}: email_sent_at written")
        else:
            problems = (problem,)
    return SendReport(
        post=str(desk.post.path),
        subject=campaign.subject,
        said=tuple(said),
        problems=problems,
        counts=_counts(desk, campaign),
    )


def withdraw(desk: Desk, campaign: Campaign, gathered: Gathered, *, guard: bool = True) -> int:
    """Settle as withdrawn those waiting who are gone from the list or its audience. Raises Refused at too many."""
    waiting, gone = 0, []
    for row, person in desk.ledger.waiting(campaign.id):
        waiting += 1
        if gathered.get(person) is None:
            gone.append(row)
    if guard and len(gone) > MAX_WITHDRAWN * waiting:
        raise Refused(
            Problem(
                text=f"{len(gone)} of the {waiting} who still wait for this post are not on the list given",
                file=str(desk.post.path),
                hint="is it the wrong list? If they are all to be left out, cancel the rest: `newsletter cancel POST`",
            )
        )
    desk.ledger.withdraw(campaign.id, gone)
    return len(gone)


def _frozen(desk: Desk, campaign: Campaign) -> Frozen:
    """The frozen parts; an edit since is refused with the difference, or accepted at a person's word."""
    request, post = desk.request, desk.post
    frozen = desk.ledger.frozen(campaign.id)
    changed = edits.differences(frozen.source, post.source)
    if not changed:
        return frozen
    if not request.accept_edit:
        raise Refused(
            Problem(
                text="the post was edited after its first mails went out:\n  " + "\n  ".join(changed),
                file=str(post.path),
                hint="undo the edit, or send the rest as it is now with --accept-edit",
            )
        )
    fresh = shared.freeze(desk.gather())
    desk.ledger.accept_edit(campaign.id, identity.identity_of(post, request.settings.folder), fresh)
    return fresh


def _gathered(desk: Desk) -> Gathered | None:
    """The list as it is now, where one is given or set."""
    request = desk.request
    return desk.gather() if request.lists or request.settings.list.files else None


def _apply_wishes(desk: Desk, campaign: Campaign, gathered: Gathered | None) -> None:
    wish, ledger = desk.request.wish, desk.ledger
    if wish.again and gathered is not None:
        ledger.add(campaign.id, gather.recipients(gathered, keys=desk.keys))
    if wish.retry_failed:
        ledger.requeue(campaign.id, frozenset({Outcome.FAILED}))
    if wish.resend_unknown:
        ledger.requeue(campaign.id, frozenset({Outcome.UNKNOWN}))


def _counts(desk: Desk, campaign: Campaign) -> Counts:
    return Counts(by_outcome=desk.ledger.counts(campaign.id))
