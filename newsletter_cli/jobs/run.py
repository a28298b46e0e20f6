"""`newsletter run DIR`, for cron: go on with what was begun, then send every due post, oldest first.

A post that is broken stops only itself. What is left alone is named with its reason: a draft, a page, a date to come,
no date, one due for longer than `max_age`, a paused or held campaign. Nothing is ever asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli.jobs import desk as shared, identity, send as sending
from newsletter_cli.jobs.decide import Timing, Way, Wish, decide, due_at, gate, timing
from newsletter_cli.jobs.desk import SendRequest
from newsletter_cli.jobs.report import Counts, RunReport, SendReport
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.problems import NewsletterError, NotNow, Problem, Refused, Severity
from newsletter_cli.times import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from newsletter_cli.config.settings import Settings
    from newsletter_cli.delivery.events import Event
    from newsletter_cli.delivery.seams import Stop
    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.post.model import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What cron asks for. `folder` None: posts/ beside newsletter.toml where it exists, else that folder."""

    workspace: Workspace
    stop: Stop
    folder: Path | None = None
    lists: tuple[ListSource, ...] = ()
    events: Callable[[Event], None] = lambda _: None
    told: Callable[[str], None] = lambda _: None
    announce: Callable[[Campaign, int], None] = lambda _campaign, _total: None

    @property
    def where(self) -> Path:
        """The folder that is looked through."""
        if self.folder is not None:
            return self.folder
        home = self.workspace.settings.folder
        found = home / "posts" if (home / "posts").is_dir() else home
        here = Path.cwd()
        return found.relative_to(here) if found.is_relative_to(here) else found  # as short as it can be said


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at one post found: begun, due (with its instant), or left alone and why."""

    path: Path
    begun: bool = False
    due: datetime | None = None
    sent: bool = False
    leftover: bool = False  # sent, and some more were queued by --again and the like, who still wait
    said: str = ""
    overdue: Campaign | None = None  # begun, and not finished within `finish_within`: to be held


@dataclass(slots=True)
class Findings:
    """What a look through the folder found."""

    work: list[Looked] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    broken: list[SendReport] = field(default_factory=list)


def run(request: RunRequest) -> RunReport:
    """Look through the folder and send what is begun or due. Raises Refused where there is no such folder."""
    if request.folder is None and request.workspace.settings.file is None:
        text = "there is no newsletter.toml here or above, so nobody knows which posts are meant"
        raise Refused(Problem(text=text, hint="go to the newsletter's folder, or name DIR"))
    if not request.where.is_dir():
        raise Refused(Problem(text="there is no such folder", file=str(request.where), hint="give the posts' folder"))
    found = _look(request)
    reports: list[SendReport] = [*found.broken]
    # Begun ones first, then by the instant they were due: oldest first.
    for looked in sorted(found.work, key=lambda one: (not one.begun, one.due or request.workspace.clock.now())):
        report = _send_one(request, looked) if looked.overdue is None else _hold(request, looked.path, looked.overdue)
        reports.append(report)
        if report.signal or request.stop.requested:
            break
    return RunReport(posts=tuple(reports), said=(*found.said, f"{request.where}: {_summed(found, reports)}"))


def _summed(found: Findings, reports: Sequence[SendReport]) -> str:
    """What came of the posts that were begun, due or broken, in a line."""
    refused = sum(report.refused for report in reports)
    done = sum(not (report.refused or report.unfinished) for report in reports)
    waiting = len(found.work) + len(found.broken) - refused - done
    counts = ((done, "done"), (waiting, "not finished"), (refused, "refused"))
    said = [f"{number} {word}" for number, word in counts if number]
    return ", ".join(said if found.work else ["nothing is due", *said])


def _look(request: RunRequest) -> Findings:
    """Read every post of the folder and sort out what is to be done with it."""
    from newsletter_cli.post import read

    found = Findings()
    settings, now = request.workspace.settings, request.workspace.clock.now()
    posts: list[Post] = []
    for path in identity.siblings(request.where, recursive=True):
        try:
            posts.append(read.read(path, timezone=settings.newsletter.timezone))
        except Refused as refusal:
            _broken(found, path, refusal)
    posts = _without_twins(found, posts)
    sent = 0
    with request.workspace.ledger_as_it_is() as ledger:
        for post in posts:
            try:
                looked = look_at(post, ledger, settings, now=now)
            except Refused as refusal:
                _broken(found, post.path, refusal)
                continue
            sent += looked.sent
            if looked.said:
                found.said.append(f"{post.path}: {looked.said}")
            if looked.begun or looked.overdue or looked.due is not None:
                found.work.append(looked)
    if sent:
        found.said.append(f"{request.where}: {sent} of {len(posts)} posts say email_sent_at: sent before")
    return found


def look_at(post: Post, ledger: Ledger | None, settings: Settings, *, now: datetime) -> Looked:
    """Say what `run` is to do with one post. Raises Refused where `send` would refuse it."""
    campaign = None
    if ledger is not None:
        campaign = identity.find(ledger, settings.newsletter.id, post, settings.folder)
    decision = decide(
        sent_at=post.meta.email_sent_at,
        started_at=post.meta.email_started_at,
        campaign=campaign,
        ledger_id=ledger.ledger_id if ledger else None,
        wish=Wish(),
    )
    if decision.way is Way.ALREADY_SENT:
        leftover = campaign is not None and ledger is not None and _left_over(ledger, campaign)
        return Looked(path=post.path, sent=True, begun=leftover, leftover=leftover)
    shared.refuse(decision, post)
    waits = {CampaignState.PAUSED, CampaignState.HELD}
    if campaign is not None and (campaign.state in waits or (campaign.begun_at is None and campaign.reason)):
        why = f" ({campaign.reason})" if campaign.reason else ""
        state = campaign.state if campaign.state in waits else CampaignState.HELD
        return Looked(path=post.path, said=f"{state}{why}; `newsletter resume {post.path}` lets it go on")
    if decision.way is Way.STAMP_ONLY:
        return Looked(path=post.path, begun=True)
    if decision.way is Way.CONTINUE:
        assert campaign is not None
        barrier = gate(post.meta, now=now, wish=Wish(now=True))
        if barrier is not None:  # made a draft midway, which holds it
            return Looked(path=post.path, said=f"not sent: {barrier.text}")
        return _unless_too_long(post, campaign, settings, now=now)
    return _unless_not_due(post, settings, now=now)


def _left_over(ledger: Ledger, campaign: Campaign) -> bool:
    """Whether some wait whom a person queued after the post was sent (--again --limit 100): that goes on too."""
    under_way = campaign.begun_at is not None and campaign.state is CampaignState.SENDING
    return under_way and Counts(by_outcome=ledger.counts(campaign.id)).left > 0


def _unless_too_long(post: Post, campaign: Campaign, settings: Settings, *, now: datetime) -> Looked:
    """A begun campaign goes on for `finish_within`; then it waits for a person."""
    limit = settings.run.finish_within
    if campaign.begun_at is not None and now - campaign.begun_at > limit:
        return Looked(path=post.path, overdue=campaign)
    return Looked(path=post.path, begun=True)


def _unless_not_due(post: Post, settings: Settings, *, now: datetime) -> Looked:
    """A post that was never begun: due, or left alone with the reason."""
    barrier = gate(post.meta, now=now, wish=Wish(now=True))
    if barrier is not None:
        return Looked(path=post.path, said=f"not sent: {barrier.text}")
    due = post.meta.due
    match timing(due, now=now, send_time=settings.run.send_time, max_age=settings.run.max_age):
        case Timing.NEVER:
            return Looked(path=post.path, said="not sent: it has no date; `newsletter send` sends it")
        case Timing.NOT_YET:
            assert due is not None
            return Looked(
                path=post.path, said=f"not sent: due at {due_at(due, settings.run.send_time).isoformat(' ', 'seconds')}"
            )
        case Timing.TOO_OLD:
            assert due is not None
            at = due_at(due, settings.run.send_time)
            return Looked(
                path=post.path,
                said=f"not sent: it was due at {at.isoformat(' ', 'seconds')}, longer ago than max_age "
                f"({format_duration(settings.run.max_age)}); `newsletter send` sends it, "
                "`newsletter adopt` records that it was mailed elsewhere",
            )
        case Timing.DUE:
            assert due is not None
            return Looked(path=post.path, due=due_at(due, settings.run.send_time))


def _send_one(request: RunRequest, looked: Looked) -> SendReport:
    """Send one post; what it is refused for stops it alone."""
    wanted = SendRequest(
        workspace=request.workspace,
        post=looked.path,
        stop=request.stop,
        lists=request.lists,
        wish=Wish(now=True, leftover=looked.leftover),
        automatic=True,
        events=request.events,
        told=request.told,
        announce=request.announce,
    )
    try:
        return sending.send(wanted)
    except NotNow as later:
        problem = Problem(text=later.text, hint=later.hint, file=str(looked.path), severity=Severity.WARNING)
        return SendReport(post=str(looked.path), problems=(problem,), unfinished=True, until=later.until)
    except Refused as refusal:
        return SendReport(post=str(looked.path), problems=refusal.problems, refused=True)


def _hold(request: RunRequest, path: Path, campaign: Campaign) -> SendReport:
    """Hold a campaign that went on for too long; from now on it waits for a person."""
    limit = format_duration(request.workspace.settings.run.finish_within)
    assert campaign.begun_at is not None  # what was not begun cannot go on for too long
    why = f"begun at {campaign.begun_at:%Y-%m-%d %H:%M} and not finished within {limit}"
    with request.workspace.open_ledger() as (ledger, _), ledger.sender_lock():
        ledger.set_state(campaign.id, CampaignState.HELD, reason=why)
        counts = Counts(by_outcome=ledger.counts(campaign.id))
    problem = Problem(text=f"held: {why}", file=str(path), hint="`newsletter resume` or `send` lets it go on")
    return SendReport(post=str(path), problems=(problem,), counts=counts, held=why, unfinished=True)


def _without_twins(found: Findings, posts: Iterable[Post]) -> list[Post]:
    """Leave out posts that share one post_id, unless all were sent: which one is meant, nobody can tell."""
    by_id: dict[str, list[Post]] = {}
    kept: list[Post] = []
    for post in posts:
        if post.meta.post_id:
            by_id.setdefault(post.meta.post_id, []).append(post)
        else:
            kept.append(post)
    for post_id, twins in by_id.items():
        if len(twins) == 1 or all(twin.meta.email_sent_at for twin in twins):
            kept += twins
            continue
        names = ", ".join(str(twin.path) for twin in twins)
        problem = Problem(
            text=f"post_id {post_id} stands in {names}: they would count as one post",
            file=str(twins[0].path),
            line=twins[0].meta.lines.get("post_id"),
            hint="give the newer one a post_id of its own",
        )
        _broken(found, twins[0].path, Refused(problem))
    return sorted(kept, key=lambda post: str(post.path))


def _broken(found: Findings, path: Path, error: NewsletterError) -> None:
    problems = error.problems if isinstance(error, Refused) else (Problem(text=str(error), file=str(path)),)
    found.broken.append(SendReport(post=str(path), problems=problems, refused=True))
