"""A post that was begun: go on with it, add to it at a person's word, or write the line that is still missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter_cli.jobs import desk as shared, edits, gather, identity, stamping
from newsletter_cli.jobs.carry import carry
from newsletter_cli.jobs.decide import Decision, Way
from newsletter_cli.jobs.report import Counts, SendReport
from newsletter_cli.ledger.states import CampaignState, Outcome
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from newsletter_cli.jobs.desk import Desk
    from newsletter_cli.jobs.gather import Gathered
    from newsletter_cli.ledger.model import Campaign, Frozen
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.post.model import Post

# More of the waiting ones gone from the list than this, and it is probably the wrong list (interface, promise 7).
MAX_WITHDRAWN = 0.30


def go_on(desk: Desk, campaign: Campaign) -> SendReport:
    """Send to those who wait, from the frozen parts; whoever is gone from the list is withdrawn."""
    request, post, ledger = desk.request, desk.post, desk.ledger
    gathered = _gathered(desk) if request.accept_edit else None
    frozen = frozen_of(desk, campaign, gathered)
    gathered = gathered or _gathered(desk)
    # Nothing is changed before all is judged and the person has said yes: a withdrawn row waits no more.
    left = _will_wait(desk, campaign, gathered)
    _judge_number(desk, campaign, left)
    if not request.confirm(f"{post.path}: {left} still wait for it. Go on?"):
        return shared.declined(request)
    _apply_wishes(desk, campaign, gathered)
    if gathered is not None:
        keep_edit(desk, campaign, frozen, gathered)
        # An imported record has no addresses: the list gives them back.
        ledger.fill(campaign.id, gather.recipients(gathered))
        ledger.withdraw(campaign.id, gone(ledger, campaign, gathered))
    ledger.set_state(campaign.id, CampaignState.SENDING)
    carriage = desk.carriage(campaign, frozen)
    if carriage.stamps and not post.meta.email_started_at and not post.meta.email_sent_at:
        stamping.mark_started(post.path, at=campaign.begun_at or carriage.clock.now(), ledger_id=ledger.ledger_id)
    return _with_list(carry(carriage, ledger.campaign(campaign.id), limit=request.limit), gathered)


def _will_wait(desk: Desk, campaign: Campaign, gathered: Gathered | None) -> int:
    """How many will wait once the list's changes and the person's wishes are in. Raises Refused for the wrong list."""
    ledger, wish, counts = desk.ledger, desk.request.wish, desk.counts(campaign)
    waiting = counts.left
    waiting += counts[Outcome.FAILED] * wish.retry_failed + counts[Outcome.UNKNOWN] * wish.resend_unknown
    if gathered is not None:
        waiting -= len(gone(ledger, campaign, gathered, path=str(desk.post.path)))
    if gathered is not None and wish.again:
        present = {row.person for row in ledger.recipients(campaign.id)}
        waiting += sum(entry.person not in present for entry in gathered.entries())
    return waiting


def _judge_number(desk: Desk, campaign: Campaign, left: int) -> None:
    """Raise Refused where --expect fits neither those who wait nor all who get the post.

    The command that began a sending, with its --expect, is what goes on with it.
    """
    request, counts = desk.request, desk.counts(campaign)
    out = (Outcome.SUPPRESSED, Outcome.WITHDRAWN, Outcome.CANCELLED)
    everyone = counts.total - sum(counts[outcome] for outcome in out)
    if request.expect is None or not request.expect[0] <= everyone <= request.expect[1]:
        shared.judge_number(request, left)


def add(desk: Desk, campaign: Campaign) -> SendReport:
    """Send a finished post to some more, by a person's word: never to somebody who had it."""
    request, ledger = desk.request, desk.ledger
    gathered = desk.gather()
    frozen = frozen_of(desk, campaign, gathered)
    if request.wish.again:
        # What stops a beginning stops an addition: a row without a merge field, another number than expected.
        known = {**shared.had(ledger, campaign, request.wish), **shared.barred(ledger, campaign.newsletter)}
        seen = gather.survey(gathered, barred=known, keep=shared.LEFT_OUT_SHOWN)
        shared.judge(request, gathered, seen, before=None)
    if not request.confirm(f"{desk.post.path} was sent at {campaign.sent_stamp}. Send it to some more?"):
        return shared.declined(request)
    keep_edit(desk, campaign, frozen, gathered)
    _apply_wishes(desk, campaign, gathered)
    ledger.withdraw(campaign.id, gone(ledger, campaign, gathered))
    counts = desk.counts(campaign)
    if not counts.left:
        said = "everyone on the list who is to get it has had it; nothing to do"
        return SendReport(post=str(desk.post.path), subject=campaign.subject, said=(said,), counts=counts)
    ledger.set_state(campaign.id, CampaignState.SENDING)
    report = carry(desk.carriage(campaign, frozen), ledger.campaign(campaign.id), limit=request.limit)
    return _with_list(report, gathered)


def _with_list(report: SendReport, gathered: Gathered | None) -> SendReport:
    """The report with the first rows of the list that were left out."""
    if gathered is None:
        return report
    first, total = gather.first_left(gathered.left_out(), keep=shared.LEFT_OUT_SHOWN)
    return shared.with_rows(report, first, total, gathered.problems)


def stamp_only(desk: Desk, campaign: Campaign, decision: Decision) -> SendReport:
    """Everyone is settled; the post does not say so yet, or was put back by git. Nobody is mailed."""
    if not campaign.sent_stamp:
        return _end_cancelled(desk, campaign)
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
        counts=desk.counts(campaign),
    )


def _end_cancelled(desk: Desk, campaign: Campaign) -> SendReport:
    """End a cancelled campaign that nobody ended: `cancel`, or the sender that was to, died before it could.

    What the dead sender had handed over is of unknown fate; nobody else waits.
    """
    ledger = desk.ledger
    with ledger.start_run(campaign.id) as run:
        lost = tuple(run.recovered)
    ledger.finish(campaign.id, stamping.sent_stamp(desk.request.workspace.clock.now()))
    ended = ledger.campaign(campaign.id)
    report = stamp_only(desk, ended, Decision(Way.STAMP_ONLY, f"cancelled, ended at {ended.sent_stamp}"))
    return replace(report, fates=lost, this_run=Counts(by_outcome={Outcome.UNKNOWN: len(lost)}), finished=True)


def gone(ledger: Ledger, campaign: Campaign, gathered: Gathered, *, path: str = "") -> list[int]:
    """Those waiting who are gone from the list or its audience.

    With `path`, of the post, raises Refused where they are so many that it is probably the wrong list.
    """
    waiting, found = 0, []
    for row, person in ledger.waiting(campaign.id):
        waiting += 1
        if gathered.get(person) is None:
            found.append(row)
    if path and len(found) > MAX_WITHDRAWN * waiting:
        raise Refused(
            Problem(
                text=f"{len(found)} of the {waiting} who still wait for this post are not on the list given",
                file=path,
                hint="is it the wrong list? If they are all to be left out, cancel the rest: `newsletter cancel POST`",
            )
        )
    return found


def require_unedited(frozen: Frozen, post: Post) -> None:
    """Raise Refused, with the difference, where the post was edited since its first mails went out."""
    changed = edits.differences(frozen.source, post.source)
    if changed:
        raise Refused(
            Problem(
                text="the post was edited after its first mails went out:\n  " + "\n  ".join(changed),
                file=str(post.path),
                hint="undo the edit, or send the rest as it is now with --accept-edit",
            )
        )


def frozen_of(desk: Desk, campaign: Campaign, gathered: Gathered | None = None) -> Frozen:
    """The frozen parts; an edit since is refused, or at a person's word what is to be frozen in their place.

    A campaign that was mailed elsewhere, or imported when it was over, keeps none: those of now are. Nothing is
    recorded: `keep_edit` does that. Raises Refused where the edit asks for something that a row lacks.
    """
    ledger, post = desk.ledger, desk.post
    if ledger.keeps_post(campaign.id):
        frozen = ledger.frozen(campaign.id)
        if not edits.differences(frozen.source, post.source):
            return frozen
        if not desk.request.accept_edit:
            require_unedited(frozen, post)
    elif not desk.counts(campaign).total:
        raise Refused(
            Problem(
                text="it was mailed elsewhere, and there is no record of who has had it",
                file=str(post.path),
                hint="`newsletter adopt POST --delivers FILE` records who got it",
            )
        )
    gathered = gathered or desk.gather()
    known = {**shared.had(ledger, campaign, desk.request.wish), **shared.barred(ledger, campaign.newsletter)}
    seen = gather.survey(gathered, barred=known)
    if seen.problems:
        raise Refused(*seen.problems)
    return shared.freeze(gathered)


def keep_edit(desk: Desk, campaign: Campaign, frozen: Frozen, gathered: Gathered) -> None:
    """Freeze what `frozen_of` gave where the ledger keeps another, and what it asks for of each who waits."""
    ledger = desk.ledger
    if ledger.keeps_post(campaign.id) and ledger.frozen(campaign.id).source == frozen.source:
        return
    ledger.accept_edit(campaign.id, identity.identity_of(desk.post, desk.request.settings.folder), frozen)
    ledger.fill(campaign.id, gather.recipients(gathered), anew=True)


def _gathered(desk: Desk) -> Gathered | None:
    """The list as it is now, where one is given or set."""
    request = desk.request
    return desk.gather() if request.lists or request.settings.list.files else None


def _apply_wishes(desk: Desk, campaign: Campaign, gathered: Gathered | None) -> None:
    wish, ledger = desk.request.wish, desk.ledger
    if wish.again and gathered is not None:
        ledger.add(campaign.id, gather.recipients(gathered))
    if wish.retry_failed:
        ledger.requeue(campaign.id, frozenset({Outcome.FAILED}))
    if wish.resend_unknown:
        ledger.requeue(campaign.id, frozenset({Outcome.UNKNOWN}))
