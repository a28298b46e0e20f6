"""The exit codes, and which one a run ends with.

Pure. The table is a promise to cron jobs and scripts; `newsletter help exit-codes` prints it, docs/cli.md holds it.
"""

from __future__ import annotations

from enum import IntEnum
from signal import SIGINT, SIGTERM
from typing import TYPE_CHECKING, Protocol

from newsletter_cli.problems import NewsletterError, NotNow, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Exit(IntEnum):
    """How a command can end. The numbers from 64 on are those of sysexits.h; 128 + n is a shell's word for signal n."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    UNKNOWN = 4
    INTERNAL = 70  # EX_SOFTWARE
    TEMPFAIL = 75  # EX_TEMPFAIL
    INTERRUPTED = 128 + SIGINT
    PIPE_CLOSED = 141  # 128 + SIGPIPE
    TERMINATED = 128 + SIGTERM


MEANING: dict[Exit, str] = {
    Exit.DONE: "done, or nothing to do",
    Exit.FAILED: "done, and some addresses failed for good (named)",
    Exit.USAGE: "wrong usage",
    Exit.REFUSED: "refused: post, list, settings or mail not valid; nothing was sent",
    Exit.UNKNOWN: "done, and some mails have an unknown fate (named)",
    Exit.INTERNAL: "a fault of this program; the message names a file with the details",
    Exit.TEMPFAIL: (
        "not finished: the server defers, is away or refused the login, a quota is spent; run again later (EX_TEMPFAIL)"
    ),
    Exit.INTERRUPTED: "interrupted (SIGINT); run again to resume",
    Exit.PIPE_CLOSED: "whoever read the output stopped reading",
    Exit.TERMINATED: "interrupted (SIGTERM); run again to resume",
}

# Where several hold, within one send and over the posts of `run`: the first of these.
GRAVITY = (
    Exit.INTERNAL,
    Exit.USAGE,
    Exit.TERMINATED,
    Exit.INTERRUPTED,
    Exit.PIPE_CLOSED,
    Exit.REFUSED,
    Exit.TEMPFAIL,
    Exit.UNKNOWN,
    Exit.FAILED,
    Exit.DONE,
)


class Ended(Protocol):
    """What a report tells of its end. A report of several posts holds the sums and the gravest."""

    @property
    def signal(self) -> int:
        """The signal that stopped the run; 0: none."""

    @property
    def refused(self) -> bool:
        """Whether something given was not valid."""

    @property
    def unfinished(self) -> bool:
        """Whether somebody still waits: to be run again later."""

    @property
    def unknown(self) -> int:
        """How many mails of this run have an unknown fate."""

    @property
    def failed(self) -> int:
        """How many addresses failed for good in this run."""


def gravest(codes: Iterable[Exit]) -> Exit:
    """The code that stands for several; DONE for none."""
    return min(codes, key=GRAVITY.index, default=Exit.DONE)


def exit_code(report: Ended) -> Exit:
    """Say with which code a report ends the command."""
    found = {
        Exit.TERMINATED: report.signal == SIGTERM,
        Exit.INTERRUPTED: report.signal not in {0, SIGTERM},
        Exit.REFUSED: report.refused,
        Exit.TEMPFAIL: report.unfinished,
        Exit.UNKNOWN: report.unknown > 0,
        Exit.FAILED: report.failed > 0,
    }
    return gravest(code for code, holds in found.items() if holds)


def of_error(error: NewsletterError) -> Exit:
    """The code of an exception that ended the run."""
    if isinstance(error, UsageError):
        return Exit.USAGE
    return Exit.TEMPFAIL if isinstance(error, NotNow) else Exit.REFUSED
