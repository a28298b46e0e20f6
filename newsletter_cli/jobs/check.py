"""`newsletter check POST`: everything that would stop or hurt a send, each with file and line.

Contacts nothing, unless `online` asks the web for each link and picture. Every part looks by itself: what one cannot
read does not silence the others. Writes no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter_cli.audience import segment
from newsletter_cli.jobs import desk as shared, gather, go_on, identity, stamping
from newsletter_cli.jobs.decide import Way, Wish, decide, gate
from newsletter_cli.jobs.prepare import Prepared, prepare, site_of
from newsletter_cli.jobs.report import JSON_VERSION
from newsletter_cli.problems import Problem, Refused, Severity, errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.post.model import Post
    from newsletter_cli.rendering.anatomy import Anatomy

NOT_YET = "not-yet"  # the code of what only says that the post is not to go out as it is now


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What was found. `recipients` is None where no list was looked at."""

    post: str
    problems: tuple[Problem, ...]
    size_octets: int = 0
    recipients: int | None = None
    said: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether something would stop a send."""
        return bool(errors(self.problems))

    @property
    def waits(self) -> bool:
        """Whether it is a draft, a page, or its date is to come: no fault, and `send` would refuse it all the same."""
        return any(problem.code == NOT_YET for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "post": self.post,
            "problems": [problem.as_json() for problem in self.problems],
            "size_octets": self.size_octets,
            "recipients": self.recipients,
        }


def check(
    workspace: Workspace,
    path: Path,
    *,
    lists: Sequence[ListSource] = (),
    settings_lists: bool = True,
    online: bool = False,
) -> CheckReport:
    """Find out everything that `send` would refuse or warn of, and what readers would miss.

    Without `settings_lists` the lists of the settings are left alone: where posts are checked they may not lie.
    """
    from newsletter_cli.config.load import require_sending

    settings = workspace.settings
    found: list[Problem] = [*settings.problems, *require_sending(settings)]
    prepared = None
    try:
        prepared = prepare(path, settings)
        found += prepared.problems
        found += _timing(workspace, prepared)
        found += _standing(workspace, prepared.post)
        parts = anatomy_of(workspace, prepared)
        found += seen_by_readers(workspace, prepared, parts)
        found += _same_day(workspace, prepared)
        found += _online(prepared, parts) if online else []
    except Refused as refusal:
        found += refusal.problems
    recipients = None
    if lists or (settings_lists and settings.list.files):
        try:
            recipients = _look_at_lists(workspace, prepared, lists, found)
        except Refused as refusal:
            # That of a segment was told with its line.
            found += [problem for problem in refusal.problems if problem.code != segment.UNREADABLE]
    return CheckReport(
        post=str(path),
        problems=ordered(found),
        size_octets=prepared.size_octets if prepared else 0,
        recipients=recipients,
    )


def ordered(found: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, by file and line."""
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.file or "", one.line or 0)))


def anatomy_of(workspace: Workspace, prepared: Prepared) -> Anatomy:
    """The post's links and pictures. Raises Refused where it cannot be converted."""
    from newsletter_cli.rendering.anatomy import anatomy

    return anatomy(prepared.post, site_of(workspace.settings, prepared.post))


def seen_by_readers(workspace: Workspace, prepared: Prepared, parts: Anatomy) -> list[Problem]:
    """What stops no send and hurts a reader: odd links, marks left over, what mail programs lack."""
    from newsletter_cli import assets
    from newsletter_cli.rendering import link_faults
    from newsletter_cli.rendering.support import findings

    return [
        *parts.problems,
        *link_faults.faults(parts.links, file=str(prepared.post.path)),
        *findings.of_templates(workspace.settings.folder / "templates", assets.templates()),
    ]


def _timing(workspace: Workspace, prepared: Prepared) -> list[Problem]:
    """What stands against sending it now, as a note: a draft is checked because it is not ready."""
    post = prepared.post
    if post.meta.email_sent_at:
        text = f"already sent at {post.meta.email_sent_at}"
        return [
            Problem(text=text, file=str(post.path), line=post.meta.lines.get("email_sent_at"), severity=Severity.NOTE)
        ]
    barrier = gate(post.meta, now=workspace.clock.now(), wish=Wish())
    if barrier is None:
        return []
    line = post.meta.lines.get(barrier.key)
    return [
        Problem(
            text=barrier.text, file=str(post.path), line=line, hint=barrier.hint, severity=Severity.NOTE, code=NOT_YET
        )
    ]


def _standing(workspace: Workspace, post: Post) -> list[Problem]:
    """What record and folder say against a send: another post of that name, an edit midway, no way to stamp it."""
    settings = workspace.settings
    if post.meta.email_sent_at:
        return []
    try:
        identity.refuse_twins(post, settings.folder)
        if settings.run.stamp == "post":
            stamping.require_stampable(post.path)
        with workspace.ledger_as_it_is() as ledger:
            if ledger is None:  # where posts alone are checked nobody knows what was begun
                return []
            campaign = identity.find(ledger, settings.newsletter.id, post, settings.folder)
            meta = post.meta
            decision = decide(
                sent_at="",
                started_at=meta.email_started_at,
                campaign=campaign,
                ledger_id=ledger.ledger_id,
                wish=Wish(),
            )
            shared.refuse(decision, post)
            if campaign is not None and decision.way is Way.CONTINUE and ledger.keeps_post(campaign.id):
                go_on.require_unedited(ledger.frozen(campaign.id), post)
            if decision.way is Way.STAMP_ONLY:
                return [Problem(text=decision.text, file=str(post.path), severity=Severity.NOTE)]
    except Refused as refusal:
        return list(refusal.problems)
    return []


def _same_day(workspace: Workspace, prepared: Prepared) -> list[Problem]:
    """Another post in the folder that is due on the same day: readers would get two mails."""
    from newsletter_cli.post import read

    post = prepared.post
    if post.meta.due is None or post.meta.email_sent_at:
        return []
    here = post.path.resolve()
    for other in identity.siblings(post.path.parent, recursive=False):
        if other.resolve() == here:
            continue
        try:
            found = read.read(other, timezone=workspace.settings.newsletter.timezone).meta
        except Refused:  # a broken post stops only itself
            continue
        if found.due is None or found.due.day != post.meta.due.day or found.held_back or found.type != post.meta.type:
            continue
        return [
            Problem(
                text=f"{other} has the same date: readers would get two mails on {found.due.day}",
                file=str(post.path),
                line=post.meta.lines.get("date"),
                severity=Severity.NOTE,
                code="same-day",
            )
        ]
    return []


def _online(prepared: Prepared, parts: Anatomy) -> list[Problem]:
    """What the web says to every link and picture of the mail."""
    from newsletter_cli.doctor import online

    asked = {link.url: (link.line, False) for link in reversed(parts.links) if not link.url.startswith("#")}
    asked |= {picture.url: (picture.line, True) for picture in reversed(parts.pictures)}
    answers = online.ask(url for url in asked if "{{" not in url and "%7B%7B" not in url)
    found = []
    for url, (line, picture) in asked.items():
        answer = answers.get(url.partition("#")[0])
        judged = online.judge(url, answer, picture=picture) if answer is not None else None
        if judged is not None:
            severity, text, hint = judged
            file = str(prepared.post.path)
            found.append(Problem(text=text, file=file, line=line, hint=hint, severity=severity, code="online"))
    return found


def _look_at_lists(
    workspace: Workspace, prepared: Prepared | None, lists: Sequence[ListSource], found: list[Problem]
) -> int | None:
    """Read the lists and count who would be mailed."""
    keys = workspace.keys_or_fresh()
    roll = gather.read_lists(lists, settings=workspace.settings, keys=keys)
    found += roll.problems
    if prepared is None:
        return None
    gathered = gather.Gathered(prepared=prepared, roll=roll, problems=())
    with workspace.ledger_as_it_is() as ledger:
        barred = shared.barred(ledger, workspace.settings.newsletter.id)
    seen = gather.survey(gathered, barred=barred)
    found += seen.problems
    return seen.mailable
