"""What a `ScriptedServer` is told to do, at which stage, and to whom: the script of a test."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Stages at which a rule can act. "body" is between 354 and the final dot.
STAGES = (
    "connect",
    "greeting",
    "EHLO",
    "HELO",
    "STARTTLS",
    "AUTH",
    "RSET",
    "MAIL",
    "RCPT",
    "DATA",
    "body",
    "dot",
    "lone dot",  # of a body for nobody
    "QUIT",
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that reached the server."""

    at: float
    connection: int
    stage: str
    turn: int
    address: str = ""
    line: str = ""


@dataclass(slots=True)
class Rule:
    """What happens at `stage`. None and empty mean: whichever.

    `say` is the reply in place of the usual one (lines joined by LF; "" none at all); `raw` are octets in its place.
    `delay_s` comes first. `drop` closes afterwards, `reset` with a RST. `split` writes octet by octet.
    `after_octets` (stage "body"): closes once so many octets of the body have come.
    """

    stage: str
    say: str | None = None
    raw: bytes | None = None
    delay_s: float = 0.0
    drop: bool = False
    reset: bool = False
    hang: bool = False
    split: bool = False
    after_octets: int = 0
    also_close_input: bool = False
    connection: int | None = None  # counted from 1
    address: str = ""  # a regular expression over the argument of MAIL or RCPT, for DATA and dot over the recipient
    turn: int | None = None  # the so-manieth time this stage is met on this connection, from 1
    times: int | None = None  # how often the rule acts at all

    def __post_init__(self) -> None:
        assert self.stage in STAGES, "a rule that would never act"

    def fits(self, moment: Moment) -> bool:
        return (
            self.stage == moment.stage
            and self.times != 0
            and self.connection in {None, moment.connection}
            and self.turn in {None, moment.turn}
            and (not self.address or re.search(self.address, moment.address) is not None)
        )
