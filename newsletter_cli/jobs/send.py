"""`newsletter send POST --list CSV`: one mail per person and post, whatever happens.

The order of things is the promise (interface, "What `send` promises"): the post's own line first; then the ledger,
under the sender's lock; then everything that could be wrong, all at once; then a question; then the server; and only
then the first record and the first mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli import files
from newsletter_cli.jobs import begin, desk as shared, go_on, identity, staging, stamping, to_one
from newsletter_cli.jobs.decide import Way, decide
from newsletter_cli.jobs.desk import Desk, SendRequest
from newsletter_cli.jobs.report import SendReport

if TYPE_CHECKING:
    from newsletter_cli.post.model import Post

__all__ = ["SendRequest", "send"]


def send(request: SendRequest) -> SendReport:
    """Send a post to whom it is for. Raises Refused (nothing was sent) and NotNow (nothing was begun)."""
    from newsletter_cli.post import read

    data = files.read_bytes(request.post, what="the post")
    _, sent_at = read.seen_sent(data)
    if sent_at and not request.wish.by_ledger:
        return SendReport(post=str(request.post), said=(f"{request.post}: already sent at {sent_at}; nothing to do",))
    post = read.read(request.post, timezone=request.settings.newsletter.timezone)
    if request.settings.newsletter.redirect_all_to is not None:
        return staging.send(request, post)
    workspace = request.workspace
    keys = gathered = None
    if not workspace.has_ledger():
        _without_ledger(request, post)
        shared.require_login(request.settings)
        keys = workspace.keys_or_fresh()
        gathered = shared.gather_for(request, keys)
    with workspace.open_ledger(keys) as (ledger, kept), ledger.sender_lock():
        workspace.require_id(ledger)
        ledger.writable()
        if request.stamps:
            stamping.require_stampable(request.post)
        if keys is not None and kept.fingerprint != keys.fingerprint:
            gathered = None  # another run made the keys meanwhile: by these everybody has another name
        return at_desk(Desk(request=request, ledger=ledger, keys=kept, post=post, gathered=gathered))


def at_desk(desk: Desk) -> SendReport:
    """Find out what is to be done, and do it."""
    request, post = desk.request, desk.post
    settings = request.settings
    campaign = identity.find(desk.ledger, settings.newsletter.id, post, settings.folder)
    if campaign is not None and campaign.begun_at is not None and desk.ledger.unbegin(campaign.id):
        # A run that was killed before it reached its server froze nothing: nobody had been tried.
        campaign = desk.ledger.campaign(campaign.id)
    decision = decide(
        sent_at=post.meta.email_sent_at,
        started_at=post.meta.email_started_at,
        campaign=campaign,
        ledger_id=desk.ledger.ledger_id,
        wish=request.wish,
    )
    shared.refuse(decision, post)
    if decision.way is Way.ALREADY_SENT:
        return SendReport(post=str(post.path), said=(f"{post.path}: {decision.text}; nothing to do",))
    begun = campaign is not None and (campaign.begun_at is not None or bool(campaign.sent_stamp))
    if decision.way in {Way.BEGIN, Way.SINGLE} and not begun:
        shared.pass_gate(request, post)
    elif decision.way is not Way.STAMP_ONLY:
        shared.pass_gate(request, post, begun=True)
    if decision.way is not Way.STAMP_ONLY:
        shared.require_login(settings)
        _hear(desk)
    if decision.way is Way.SINGLE:
        return to_one.to_one(desk, campaign)
    if decision.way is Way.BEGIN:
        return begin.begin(desk, campaign)
    assert campaign is not None  # every other way goes by its record
    if decision.way is Way.STAMP_ONLY:
        return go_on.stamp_only(desk, campaign, decision)
    return go_on.go_on(desk, campaign) if decision.way is Way.CONTINUE else go_on.add(desk, campaign)


def _hear(desk: Desk) -> None:
    """Take in who left or bounced since the last send, where the settings say where that is to be read.

    Raises Refused and NotNow where it cannot be read: whoever said no meanwhile must not be mailed.
    """
    from newsletter_cli.jobs import bounces, unsubscribes

    workspace = desk.request.workspace
    for report in (
        unsubscribes.read_log(workspace, desk.ledger, desk.keys),
        bounces.read_before_send(workspace, desk.ledger, desk.keys),
    ):
        if report.summary:
            desk.request.told(report.summary)


def _without_ledger(request: SendRequest, post: Post) -> None:
    """Refuse what needs a record, and what may not be begun, before the first trace of a sending is on the disk."""
    decision = decide(
        sent_at=post.meta.email_sent_at,
        started_at=post.meta.email_started_at,
        campaign=None,
        ledger_id=None,
        wish=request.wish,
    )
    shared.refuse(decision, post)
    shared.pass_gate(request, post)
