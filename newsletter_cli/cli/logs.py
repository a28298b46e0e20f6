"""`--log FILE`: what happens as JSON, one object a line, for machines. No address stands in it.

A log that cannot be opened refuses the send. One that fails later, on a full disk, is told once and ends there: the
record is the ledger's, and mails do not wait for a log.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Self

from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from newsletter_cli.delivery.events import Event
    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.times import Clock

# What the interface promises of every line; null where an event is nobody's.
_OF_ONE = dict.fromkeys(("recipient", "domain", "stage", "code", "wait_until"))


class JsonLog:
    """Appends one object an event: time, event, newsletter, campaign, and what the event tells.

    `failed` is told once why nothing more can be written. Raises Refused where the file cannot be opened.
    """

    def __init__(self, path: Path, clock: Clock, *, failed: Callable[[OSError], None]) -> None:
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise Refused(Problem(text=f"the log cannot be written: {error.strerror}", file=str(path))) from error
        self._cut_short = _cut_short(path)
        self._clock = clock
        self._failed = failed
        self._lost = False
        self._newsletter = self._campaign = ""

    def of(self, campaign: Campaign) -> None:
        """Say whose events follow."""
        self._newsletter, self._campaign = campaign.newsletter, campaign.uid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def __call__(self, event: Event) -> None:
        """Take one event of the engine."""
        told = None if self._lost else _told(event)
        if told is None:
            return
        head = {
            "time": self._clock.now().isoformat(),
            "event": told.pop("event"),
            "newsletter": self._newsletter,
            "campaign": self._campaign,
            **_OF_ONE,
        }
        line = json.dumps({**head, **told}, ensure_ascii=False).encode() + b"\n"
        try:
            self._write(b"\n" + line if self._cut_short else line)
        except OSError as error:
            self._lost = True
            self._failed(error)
        self._cut_short = False

    def _write(self, line: bytes) -> None:
        """Write all of it: a disk that fills up takes a part, and says so at the next try."""
        while line:
            line = line[self._file.write(line) :]


def _cut_short(path: Path) -> bool:
    """Whether the last line there has no end: its writer was killed, or found the disk full."""
    try:
        if not path.is_file() or not path.stat().st_size:
            return False
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except OSError:  # a file may be written that may not be read
        return False


def _told(event: Event) -> dict[str, Any] | None:
    """The fields of one event; None for what is no news to a machine."""
    from newsletter_cli.delivery.events import Connected, ConnectionLost, Held, Pace, Recorded, Waiting

    match event:
        case Recorded():
            settled = event.settled
            return {
                "event": settled.outcome.value,
                "recipient": event.claim.person.hex(),
                "domain": event.claim.email.rpartition("@")[2],
                "stage": settled.stage,
                "code": settled.code,
                "wait_until": settled.next_try_at.isoformat() if settled.next_try_at else None,
            }
        case Connected():
            return {"event": "connected", "connection": event.connection, "host": event.host, "tls": event.tls}
        case ConnectionLost():
            return {
                "event": "connection lost",
                "connection": event.connection,
                "stage": str(event.stage),
                "why": event.why,
            }
        case Waiting():
            return {"event": "waiting", "why": event.why, "wait_until": event.until.isoformat()}
        case Pace():
            until = event.until.isoformat() if event.until else None
            return {"event": "pace", "per_second": event.per_second, "why": event.why, "wait_until": until}
        case Held():
            return {"event": "held", "why": event.text, "code": event.code, "stage": event.stage}
        case _:
            return None
