"""`newsletter check POST`: everything that would stop or hurt a send, each with file and line. Contacts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter_cli.jobs import desk as shared, gather
from newsletter_cli.jobs.decide import Wish, gate
from newsletter_cli.jobs.prepare import Prepared, prepare
from newsletter_cli.jobs.report import JSON_VERSION
from newsletter_cli.problems import Problem, Refused, Severity, errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.workspace import Workspace


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

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "post": self.post,
            "problems": [
                {
                    "severity": problem.severity.value,
                    "code": problem.code,
                    "file": problem.file,
                    "line": problem.line,
                    "text": problem.text,
                    "hint": problem.hint,
                }
                for problem in self.problems
            ],
            "size_octets": self.size_octets,
            "recipients": self.recipients,
        }


def check(workspace: Workspace, path: Path, *, lists: Sequence[ListSource] = ()) -> CheckReport:
    """Find out everything that `send` would refuse or warn of."""
    from newsletter_cli.config.load import require_sending

    settings = workspace.settings
    found: list[Problem] = [*settings.problems, *require_sending(settings)]
    prepared = None
    try:
        prepared = prepare(path, settings)
        found += prepared.problems
        found += _timing(workspace, prepared)
    except Refused as refusal:
        found += refusal.problems
    recipients = None
    if lists or settings.list.files:
        try:
            recipients = _look_at_lists(workspace, prepared, lists, found)
        except Refused as refusal:
            found += refusal.problems
    unique = tuple(dict.fromkeys(found))
    return CheckReport(
        post=str(path),
        problems=tuple(sorted(unique, key=lambda one: (one.file or "", one.line or 0))),
        size_octets=prepared.size_octets if prepared else 0,
        recipients=recipients,
    )


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
    return [Problem(text=barrier.text, file=str(post.path), line=line, hint=barrier.hint, severity=Severity.NOTE)]


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
    seen = gather.survey(gathered, keys=keys, barred=barred)
    found += seen.problems
    return seen.mailable
