"""The post's own record of its sending: when `email_started_at` and `email_sent_at` are written, and what if not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from newsletter_cli import files, times
from newsletter_cli.post import stamp
from newsletter_cli.problems import Problem, Refused, Severity

if TYPE_CHECKING:
    from pathlib import Path


def require_stampable(path: Path) -> None:
    """Raise Refused where the post could not be stamped at the end: found out before the first mail."""
    reason = files.can_replace(path)
    if reason:
        raise Refused(
            Problem(
                text=f"the post cannot be stamped: {reason}",
                file=str(path),
                hint='make it writable, or set stamp = "ledger" under [run]',
            )
        )


def mark_started(path: Path, *, at: datetime, ledger_id: str) -> None:
    """Write `email_started_at`. Raises Refused: no mail has gone out yet."""
    try:
        stamp.write(path, lambda data: stamp.started(data, instant=at, ledger=ledger_id))
    except OSError as error:
        raise Refused(Problem(text=f"the post cannot be stamped: {error.strerror}", file=str(path))) from error


def mark_sent(path: Path, *, sent_stamp: str) -> Problem | None:
    """Write `email_sent_at`; a warning where that fails: the ledger knows, and the next run writes the line."""
    try:
        stamp.write(path, lambda data: stamp.sent(data, instant=datetime.fromisoformat(sent_stamp)))
    except (OSError, Refused) as error:
        return not_marked(path, getattr(error, "strerror", None) or str(error))
    return None


def not_marked(path: Path, reason: str) -> Problem:
    """What is said where the line could not be written."""
    return Problem(
        text=f"everyone is settled, but email_sent_at could not be written: {reason}",
        file=str(path),
        hint="nobody will be mailed again: the record is in the ledger; run again to write the line",
        severity=Severity.WARNING,
        code="not-stamped",
    )


def sent_stamp(instant: datetime) -> str:
    """The value of `email_sent_at`."""
    return times.stamp(instant)
