"""What a run of the engine tells while it goes: for the progress bar, the JSON log, `--debug`.

Frozen values, given to one callback in the order in which they happened. No address and no secret stands in them but
where a field is an address by its name; instants are aware.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter_cli.delivery.dialogue import Stage
    from newsletter_cli.ledger.model import Claim, Settled


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection is ready for mail. `tls` is the protocol version, empty without TLS."""

    connection: int
    host: str
    port: int
    tls: str
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """A connection ended that we did not end, or could not be made."""

    connection: int
    stage: Stage
    why: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recipient's outcome stands in the ledger."""

    claim: Claim
    settled: Settled


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing goes out until then. `why` is for a person: ``batch pause``, ``quota 2000/d``, ``server away``."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Pace:
    """The allowed pace has changed: mails a second (None: no limit) and connections; `why` names a server's plea."""

    per_second: float | None
    connections: int
    why: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The campaign stops; nobody is failed for it."""

    text: str
    code: int = 0
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """One line of an SMTP dialogue, only where asked for. `sent`: by us. Bodies are counted, secrets starred."""

    connection: int
    sent: bool
    line: str


@dataclass(frozen=True, slots=True)
class Revived:
    """These were recorded as failed and wait again: the failures were the account's or the list's, not theirs."""

    ids: tuple[int, ...]


Event = Connected | ConnectionLost | Recorded | Waiting | Pace | Held | Revived | Transcript
