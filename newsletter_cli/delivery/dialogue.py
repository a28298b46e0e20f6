"""The stages of an SMTP dialogue, and what an answer at each of them means: one table, one judge.

Pure. `judge(stage, answer)` gives a `Verdict`: whom the answer is about (`Scope`), and what became of the mail that
was in hand. The first digit of the basic code decides between transient and permanent (RFC 5321 §4.2.1); enhanced
codes (RFC 3463) and the words of known servers (`trouble`) only say whose trouble it is. Every answer has a verdict;
nothing here raises. What a verdict leads to over the whole run (retries, a held campaign) is `campaign`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from newsletter_cli.delivery import trouble
from newsletter_cli.delivery.trouble import Scope
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.replies import Reason, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping


class Stage(StrEnum):
    """Where in the dialogue a reply is awaited."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    RSET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "body"  # after 354, before the final dot can have left
    DOT = "dot"
    LONE_DOT = "lone dot"  # ends a 354 that came although the recipient was refused (RFC 2920 §3.1)
    QUIT = "QUIT"


# How long the answer may take. RFC 5321 §4.5.3.2.1 to .6; giving up early at the dot makes duplicates (RFC 1047).
TIMEOUTS: Mapping[Stage, timedelta] = {
    Stage.CONNECT: timedelta(seconds=30),  # a TCP connection; no RFC asks for more, a person waits for it
    Stage.GREETING: timedelta(minutes=5),  # §4.5.3.2.1
    Stage.EHLO: timedelta(minutes=5),
    Stage.STARTTLS: timedelta(minutes=5),
    Stage.AUTH: timedelta(minutes=5),
    Stage.RSET: timedelta(minutes=5),
    Stage.MAIL: timedelta(minutes=5),  # §4.5.3.2.2
    Stage.RCPT: timedelta(minutes=5),  # §4.5.3.2.3
    Stage.DATA: timedelta(minutes=2),  # §4.5.3.2.4
    Stage.BODY: timedelta(minutes=3),  # §4.5.3.2.5: for each block written
    Stage.DOT: timedelta(minutes=10),  # §4.5.3.2.6
    Stage.LONE_DOT: timedelta(minutes=10),
    Stage.QUIT: timedelta(seconds=5),  # nothing depends on it
}

# The positive answer that lets the dialogue go on: first digit, or the very code (RFC 5321 §4.3.2).
_DATA_GOES_ON = 354
_CLOSING = 421  # RFC 5321 §3.8: may answer any command, and the channel closes
_OPENING = frozenset({Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH})


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer: the connection is gone, silent for too long, or speaks no SMTP. `why` is for a person."""

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one answer means.

    `outcome` is what became of the mail in hand: SENT, FAILED, DEFERRED, UNKNOWN, or QUEUED where it goes back as if
    it had not been tried. `close`: the connection cannot be used on. `suppress`: the address is never mailed again.
    `plea`: the server asks to slow down. `says` is the reason for a person.
    """

    scope: Scope
    outcome: Outcome
    reason: Reason | None = None
    suppress: bool = False
    close: bool = False
    plea: bool = False
    told: str = ""

    @property
    def says(self) -> str:
        """Why, for a person."""
        return self.told or str(self.reason or "")


_ACCEPTED = Verdict(scope=Scope.MESSAGE, outcome=Outcome.SENT)
_UNKNOWN = Verdict(scope=Scope.CONNECTION, outcome=Outcome.UNKNOWN, close=True)
_BACK = Verdict(scope=Scope.CONNECTION, outcome=Outcome.QUEUED, close=True)
_AWAY = Verdict(scope=Scope.SERVER, outcome=Outcome.QUEUED, close=True)


def goes_on(stage: Stage, reply: Reply) -> bool:
    """Whether the dialogue may go on after this reply: 354 at DATA, 2yz elsewhere."""
    if stage is Stage.DATA:
        return reply.code == _DATA_GOES_ON
    return 200 <= reply.code < 300


def judge(stage: Stage, answer: Reply | Lost) -> Verdict:
    """Say what one answer of the server means for the mail in hand, and for whom else.

    A loss at the dot is UNKNOWN: the server may have accepted the mail. A 421 says it has not, at any stage.
    """
    if isinstance(answer, Lost):
        return _lost(stage)
    if stage is Stage.DOT and 200 <= answer.code < 300:
        return _ACCEPTED
    if not (answer.transient or answer.permanent):
        # 3yz where none belongs, or 2yz for DATA: the two sides no longer talk about the same command.
        return _lost(stage)
    known = trouble.find(stage.value, answer)
    plea = answer.transient and trouble.asks_to_slow_down(answer)
    if stage in _OPENING:
        return _opening(stage, answer, known, plea=plea)
    if known and known.scope is Scope.CAMPAIGN:
        return Verdict(
            scope=Scope.CAMPAIGN,
            outcome=Outcome.QUEUED,
            reason=known.reason,
            close=answer.code == _CLOSING,
            told=known.says,
        )
    reason = known.reason if known else Reason.OTHER
    if answer.code == _CLOSING:
        # At the dot the mail was tried and is not taken; before it nothing of it has left.
        outcome = Outcome.DEFERRED if stage is Stage.DOT else Outcome.QUEUED
        return Verdict(scope=Scope.CONNECTION, outcome=outcome, reason=reason, close=True, plea=plea)
    if stage in {Stage.MAIL, Stage.RSET} and not (known and known.scope is Scope.RECIPIENT):
        return _envelope_sender(answer, reason, plea=plea)
    scope = known.scope if known else Scope.RECIPIENT if stage is Stage.RCPT else Scope.MESSAGE
    if answer.transient:
        return Verdict(scope=scope, outcome=Outcome.DEFERRED, reason=reason, plea=plea)
    suppress = bool(known and known.suppress and stage in {Stage.RCPT, Stage.DOT})
    return Verdict(scope=scope, outcome=Outcome.FAILED, reason=reason, suppress=suppress)


# Postfix and many more; Exim; SES ("Ok 0100…-000000") and Gmail ("OK  1700000000 x9si… - gsmtp").
_QUEUE_IDS = (
    re.compile(r"queued (?:mail )?(?:as|for delivery as) (\S+)", re.IGNORECASE),
    re.compile(r"\bid[= ](\S+)", re.IGNORECASE),
    re.compile(r"\bok:?\s+(?:\d{9,}\s+)?(?!queued)(\S{6,})", re.IGNORECASE),
)


def queue_id(reply: Reply) -> str:
    """The name under which the server took the mail, out of its reply to the dot; empty where none is seen."""
    found = next((match for pattern in _QUEUE_IDS if (match := pattern.search(reply.text))), None)
    return found[1].strip("<>,.;)") if found else ""


def _lost(stage: Stage) -> Verdict:
    if stage is Stage.DOT:
        return _UNKNOWN
    return _AWAY if stage in _OPENING else _BACK


def _opening(stage: Stage, answer: Reply, known: trouble.Trouble | None, *, plea: bool) -> Verdict:
    """Before the first MAIL there is no mail in hand; the question is whether to come again or to stop."""
    if known and known.scope is Scope.CAMPAIGN:
        scope, reason = Scope.CAMPAIGN, known.reason
    elif stage is Stage.AUTH and answer.permanent:
        scope, reason = Scope.CAMPAIGN, Reason.LOGIN
    else:
        scope, reason = Scope.SERVER, known.reason if known else Reason.OTHER
    return Verdict(scope=scope, outcome=Outcome.QUEUED, reason=reason, close=True, plea=plea)


def _envelope_sender(answer: Reply, reason: Reason, *, plea: bool) -> Verdict:
    """MAIL names no recipient: a refusal there is about the sender, a 4yz about the server as a whole."""
    if answer.permanent:
        said = Reason.SENDER if reason is Reason.OTHER else reason
        return Verdict(scope=Scope.CAMPAIGN, outcome=Outcome.QUEUED, reason=said)
    return Verdict(scope=Scope.SERVER, outcome=Outcome.QUEUED, reason=reason, close=True, plea=plea)
