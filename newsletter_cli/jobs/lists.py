"""`newsletter list check|convert`: what a list file is, who would be mailed, and every row left out with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter_cli.jobs import desk as shared, gather
from newsletter_cli.jobs.report import JSON_VERSION
from newsletter_cli.post.model import Audience

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter_cli.audience.model import LeftOut, Subscriber
    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReport:
    """What the lists are: the service by file, who would be mailed, and who not."""

    services: tuple[tuple[str, str], ...]  # (file, whose export it is)
    mailable: int
    left_out: tuple[LeftOut, ...]
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "services": [{"file": file, "service": service} for file, service in self.services],
            "recipients": self.mailable,
            "left_out": [
                {"file": row.file, "line": row.line, "email": row.email, "reason": row.reason} for row in self.left_out
            ],
            "messages": [str(problem) for problem in self.problems],
        }


def check(workspace: Workspace, lists: Sequence[ListSource]) -> ListReport:
    """Read lists for a post to everyone. Raises Refused where one cannot be understood."""
    keys = workspace.keys_or_fresh()
    roll = gather.read_lists(lists, settings=workspace.settings, keys=keys, allow_empty=True)
    with workspace.ledger_as_it_is() as ledger:
        barred = shared.barred(ledger, workspace.newsletter)
    left = list(roll.left_out(Audience.EVERYONE))
    mailable = 0
    for chosen, reason in gather.with_bars(roll.chosen(Audience.EVERYONE), barred=barred):
        if reason:
            left.append(gather.barred_row(chosen, reason))
        else:
            mailable += 1
    left.sort(key=lambda row: (row.file, row.line))
    return ListReport(
        services=tuple((entry.file, entry.service) for entry in roll.lists),
        mailable=mailable,
        left_out=tuple(left),
        problems=tuple(roll.problems),
    )


def mailable(workspace: Workspace, lists: Sequence[ListSource]) -> Iterator[Subscriber]:
    """The rows that may be mailed, suppressed ones left out, in list order: for `list convert`."""
    keys = workspace.keys_or_fresh()
    roll = gather.read_lists(lists, settings=workspace.settings, keys=keys)
    with workspace.ledger_as_it_is() as ledger:
        barred = shared.barred(ledger, workspace.newsletter)
    for chosen, reason in gather.with_bars(roll.chosen(Audience.EVERYONE), barred=barred):
        if not reason:
            yield chosen.subscriber


def convert(workspace: Workspace, lists: Sequence[ListSource]) -> bytes:
    """The rows that may be mailed as plain CSV."""
    from newsletter_cli.audience.convert import plain

    return plain(mailable(workspace, lists))
