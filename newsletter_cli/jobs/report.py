"""What jobs return: values that the command line prints and turns into an exit code. Nothing here prints.

A report of a sending satisfies `cli.exits.Ended`: it says what holds (refused, unfinished, unknown, failed, a
signal), and the command line says which exit code that is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from newsletter_cli.ledger.states import SETTLED, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from newsletter_cli.audience.model import LeftOut
    from newsletter_cli.jobs.meanings import Meaning
    from newsletter_cli.ledger.model import RecipientRow
    from newsletter_cli.problems import Problem

JSON_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many recipients stand in each outcome."""

    by_outcome: Mapping[Outcome, int] = field(default_factory=dict)

    def __getitem__(self, outcome: Outcome) -> int:
        return self.by_outcome.get(outcome, 0)

    @property
    def total(self) -> int:
        """Everyone in the campaign."""
        return sum(self.by_outcome.values())

    @property
    def left(self) -> int:
        """Those not settled: queued, deferred, or in a run's hands."""
        return sum(count for outcome, count in self.by_outcome.items() if outcome not in SETTLED)

    def as_json(self) -> dict[str, int]:
        """The counts under the interface's names; `left` includes the deferred ones."""
        named = (
            Outcome.SENT,
            Outcome.FAILED,
            Outcome.DEFERRED,
            Outcome.UNKNOWN,
            Outcome.SUPPRESSED,
            Outcome.WITHDRAWN,
            Outcome.CANCELLED,
        )
        return {**{outcome.value: self[outcome] for outcome in named}, "left": self.left}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """What one `send` did.

    `said` are lines for the person in their order; `counts` are the campaign's after this run, `this_run` what this
    run alone settled. `failures` and `fates` are the rows that this run settled as failed and as unknown: each is
    named, where they are very many the first (`carry.NAMED`). `replies` groups what was said of all in the campaign who
    have not got it. `left_out` holds the first rows that were not mailed, `left_out_total` counts all, suppressed ones
    too. `rows` is how many the lists hold, where this run read them whole: then ``rows == counts.total + not_queued``.
    """

    post: str
    subject: str = ""
    said: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    counts: Counts = field(default_factory=Counts)
    this_run: Counts = field(default_factory=Counts)
    left_out: tuple[LeftOut, ...] = ()
    left_out_total: int = 0
    rows: int | None = None
    failures: tuple[RecipientRow, ...] = ()
    fates: tuple[RecipientRow, ...] = ()
    replies: tuple[Meaning, ...] = ()
    until: datetime | None = None  # when to come back, where that is known
    signal: int = 0  # the signal that stopped the run
    refused: bool = False
    unfinished: bool = False
    held: str = ""  # why the campaign is held: `on_problem` is due
    finished: bool = False  # the campaign ended in this run: `on_sent` is due

    @property
    def failed(self) -> int:
        """How many addresses failed for good in this run."""
        return self.this_run[Outcome.FAILED]

    @property
    def unknown(self) -> int:
        """How many mails of this run have an unknown fate."""
        return self.this_run[Outcome.UNKNOWN]

    @property
    def not_queued(self) -> int | None:
        """How many rows are in no count of the campaign: of no use, opted out, of another audience, twice there."""
        return None if self.rows is None else self.rows - self.counts.total

    @property
    def troubled(self) -> bool:
        """Whether a person should look: held, refused, or fates unknown."""
        return bool(self.held or self.refused or self.unknown)

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "post": self.post,
            "subject": self.subject,
            **self.counts.as_json(),
            "this_run": self.this_run.as_json(),
            "rows": self.rows,
            "left_out": self.left_out_total if self.not_queued is None else self.not_queued,
            "failures": [_named(row) for row in self.failures],
            "unknown_fates": [_named(row) for row in self.fates],
            "replies": [one.as_json() for one in self.replies],
            "messages": [*self.said, *(str(problem) for problem in self.problems)],
            "held": self.held,
            "wait_until": self.until.isoformat() if self.until else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What one `run` over a folder did: a report a post, and lines about those left alone."""

    posts: tuple[SendReport, ...] = ()
    said: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def signal(self) -> int:
        """The signal that stopped the run; 0: none."""
        return next((report.signal for report in self.posts if report.signal), 0)

    @property
    def refused(self) -> bool:
        """Whether any post was refused."""
        return any(report.refused for report in self.posts)

    @property
    def unfinished(self) -> bool:
        """Whether somebody still waits."""
        return any(report.unfinished for report in self.posts)

    @property
    def unknown(self) -> int:
        """How many mails have an unknown fate."""
        return sum(report.unknown for report in self.posts)

    @property
    def finished(self) -> bool:
        """Whether any campaign ended in this run."""
        return any(report.finished for report in self.posts)

    @property
    def troubled(self) -> bool:
        """Whether a person should look."""
        return any(report.troubled for report in self.posts)

    @property
    def failed(self) -> int:
        """How many addresses failed for good."""
        return sum(report.failed for report in self.posts)

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "posts": [report.as_json() for report in self.posts],
            "messages": [*self.said, *(str(problem) for problem in self.problems)],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """Who would get a post and who would not. Nothing was contacted, no file changed."""

    post: str
    subject: str
    recipients: int
    left_out: Sequence[LeftOut]
    size_octets: int
    said: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "post": self.post,
            "subject": self.subject,
            "recipients": self.recipients,
            "left_out": [
                {"file": row.file, "line": row.line, "email": row.email, "reason": row.reason} for row in self.left_out
            ],
            "size_octets": self.size_octets,
            "messages": [*self.said, *(str(problem) for problem in self.problems)],
        }


def _named(row: RecipientRow) -> dict[str, Any]:
    return {"email": row.email, "file": row.file, "line": row.line, "code": row.code, "reply": row.reply}
