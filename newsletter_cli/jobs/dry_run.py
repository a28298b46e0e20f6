"""`newsletter send --dry-run`: who would get it, who would not and why. Contacts nothing, changes no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli import files
from newsletter_cli.jobs import desk as shared, gather, go_on, identity
from newsletter_cli.jobs.decide import Way, decide
from newsletter_cli.jobs.report import DryRun

if TYPE_CHECKING:
    from newsletter_cli.jobs.decide import Decision
    from newsletter_cli.jobs.desk import SendRequest
    from newsletter_cli.jobs.gather import Gathered
    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.post.model import Post
    from newsletter_cli.tokens import Keys


def dry_run(request: SendRequest) -> DryRun:
    """Judge everything that `send` would judge, and count. Raises Refused where `send` would."""
    from newsletter_cli.post import read

    data = files.read_bytes(request.post, what="the post")
    _, sent_at = read.seen_sent(data)
    if sent_at and not request.wish.by_ledger:
        return _nobody(str(request.post), f"{request.post}: already sent at {sent_at}; nothing to do")
    post = read.read(request.post, timezone=request.settings.newsletter.timezone)
    keys = request.workspace.keys_or_fresh()
    with request.workspace.ledger_as_it_is() as ledger:
        campaign = _campaign(request, ledger, post)
        decision = decide(
            sent_at=post.meta.email_sent_at,
            started_at=post.meta.email_started_at,
            campaign=campaign,
            ledger_id=ledger.ledger_id if ledger else None,
            wish=request.wish,
        )
        shared.refuse(decision, post)
        if decision.way in {Way.ALREADY_SENT, Way.STAMP_ONLY}:
            return _nobody(str(post.path), f"{post.path}: {decision.text}; nothing to send")
        if decision.way in {Way.BEGIN, Way.SINGLE}:
            shared.pass_gate(request, post)
            identity.refuse_twins(post, request.settings.folder)
        gathered = shared.gather_for(request, keys)
        return _count(request, gathered, decision, keys, ledger=ledger, campaign=campaign)


def _campaign(request: SendRequest, ledger: Ledger | None, post: Post) -> Campaign | None:
    settings = request.settings
    return identity.find(ledger, settings.newsletter.id, post, settings.folder) if ledger else None


def _count(
    request: SendRequest,
    gathered: Gathered,
    decision: Decision,
    keys: Keys,
    *,
    ledger: Ledger | None,
    campaign: Campaign | None,
) -> DryRun:
    """Survey the list against suppressions and, where the post was begun, against those who have had it."""
    post = gathered.prepared.post
    barred = shared.barred(ledger, request.settings.newsletter.id)
    if ledger is not None and campaign is not None and campaign.begun_at is not None:
        barred = {**_known(request, gathered, decision, ledger, campaign), **barred}
    only = shared.one_person(request.to, gathered, keys, request.settings) if request.to else None
    seen = gather.survey(gathered, barred=barred)
    before = ledger.last_list(request.settings.newsletter.id) if ledger and decision.way is Way.BEGIN else None
    shared.judge(request, gathered, seen, before=before)
    return DryRun(
        post=str(post.path),
        subject=post.subject,
        recipients=seen.mailable if only is None else int(only not in barred),
        left_out=seen.left_out,
        size_octets=gathered.prepared.size_octets,
        problems=gathered.problems,
    )


def _known(
    request: SendRequest, gathered: Gathered, decision: Decision, ledger: Ledger, campaign: Campaign
) -> dict[bytes, str]:
    """Whom the record keeps from getting it. Raises Refused for an edit, or the wrong list, as `send` does."""
    wish = request.wish
    if not request.accept_edit and ledger.keeps_post(campaign.id):
        go_on.require_unedited(ledger.frozen(campaign.id), gathered.prepared.post)
    if wish.single and wish.resend:
        return {}
    known = shared.had(ledger, campaign, wish)
    if decision.way is Way.CONTINUE and not wish.again:
        go_on.gone(ledger, campaign, gathered, path=str(request.post))
        present = {row.person for row in ledger.recipients(campaign.id)}
        for entry in gathered.entries(fields=False):
            if entry.person not in present:
                known.setdefault(entry.person, "added since it was begun; --again reaches it")
    return known


def _nobody(post: str, said: str) -> DryRun:
    return DryRun(post=post, subject="", recipients=0, left_out=(), size_octets=0, said=(said,))
