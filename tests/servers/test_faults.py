"""Every stage and every fault: the outcome of the mail it hits, how the run ends, and that nobody gets two."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.delivery.engine import FinishReason
from newsletter_cli.delivery.events import Transcript
from newsletter_cli.ledger.states import Outcome
from tests.doubles.clock import FastClock
from tests.doubles.messenger import PlainMessenger
from tests.doubles.store import MemoryStore
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule
from tests.servers.sending import FACTOR, impatient, people, send

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from newsletter_cli.delivery.dialogue import Stage

GARBAGE = b"\x16\x03\x01 I am no mail server\r\n"
DROPS: dict[str, dict[str, Any]] = {
    "closed": {"drop": True},
    "reset": {"reset": True},
    "silent": {"hang": True},
    "garbage": {"raw": GARBAGE},
    "half a reply": {"raw": b"250 2.0", "drop": True},
    "a reply without end": {"raw": b"250-" + b"x" * 9000},
}


def as_long_as_needed(fault: dict[str, Any]) -> Mapping[Stage, timedelta]:
    """Short timeouts where a test waits for one; long ones where a loaded machine must not meet them."""
    waits = "hang" in fault or ("drop" not in fault and b"\n" not in fault.get("raw", b"\n"))
    return impatient(0.3 if waits else 30)


BACK = (Outcome.SENT, FinishReason.DONE)  # the mail goes back and is sent over a new connection
HELD = (Outcome.QUEUED, FinishReason.HELD)
FAILED = (Outcome.FAILED, FinishReason.DONE)
UNKNOWN = (Outcome.UNKNOWN, FinishReason.DONE)

# stage, what the server says once, what becomes of the mail, how the run ends
REPLIES = [
    ("MAIL", "421 4.3.2 shutting down", BACK),
    ("MAIL", "451 4.3.0 try later", BACK),
    ("MAIL", "452 4.3.1 insufficient storage", BACK),
    ("MAIL", "550 5.1.0 sender unknown", HELD),
    ("MAIL", "553 sender refused", HELD),
    ("MAIL", "530 5.7.0 authentication required", HELD),
    ("MAIL", "550 5.7.1 not allowed to send as letter@example.com", HELD),
    ("MAIL", "354 what", BACK),
    ("RCPT", "421 4.7.0 too many errors", BACK),
    ("RCPT", "450 4.2.0 greylisted", BACK),
    ("RCPT", "451 4.7.1 slow down", BACK),
    ("RCPT", "452 4.2.2 mailbox full", BACK),
    ("RCPT", "550 5.1.1 no such user", FAILED),
    ("RCPT", "550 no such user here", FAILED),
    ("RCPT", "552 5.2.2 mailbox full", FAILED),
    ("RCPT", "554 5.7.1 relay access denied", HELD),
    ("RCPT", "554 relaying denied", HELD),
    ("RCPT", "550 5.4.5 daily sending quota exceeded", HELD),
    ("RCPT", "354 what", BACK),
    ("DATA", "421 4.3.2 shutting down", BACK),
    ("DATA", "451 4.3.0 try later", BACK),
    ("DATA", "554 5.5.1 no valid recipients", FAILED),
    ("DATA", "550 5.7.1 policy", HELD),
    ("DATA", "250 what", BACK),
    ("dot", "421 4.3.2 shutting down", BACK),
    ("dot", "451 4.3.0 try later", BACK),
    ("dot", "454 Throttling failure: maximum sending rate exceeded", BACK),
    ("dot", "454 Throttling failure: Daily message quota exceeded.", HELD),
    ("dot", "550 5.1.1 no such user", FAILED),
    ("dot", "552 5.2.2 mailbox full", FAILED),
    ("dot", "554 5.6.0 malformed", FAILED),
    ("dot", "552 5.3.4 message too big", HELD),
    ("dot", "550 5.7.26 unauthenticated", HELD),
    ("dot", "554 Message rejected: Email address is not verified. The following failed the check in region X", HELD),
    ("dot", "354 what", UNKNOWN),
]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize(("stage", "said", "expected"), REPLIES, ids=[f"{s} {r}"[:40] for s, r, _ in REPLIES])
def test_a_reply(stage: str, said: str, expected: tuple[Outcome, FinishReason], *, pipelining: bool) -> None:
    drop = said.startswith("421")
    with ScriptedServer([Rule(stage, said, times=1, drop=drop)], pipelining=pipelining) as server:
        sent = send(server.port, people(5))
    outcome, reason = expected
    assert (sent.outcome("r0@example.com"), sent.finish.reason) == (outcome, reason), sent.finish
    _nobody_twice(server, sent.store.counts)
    if reason is FinishReason.DONE:
        assert set(server.accepted) >= set(people(5)[1:])
    else:
        assert sent.store.counts == {Outcome.QUEUED: 5}
        assert sent.finish.text
    suppressed = {"r0@example.com"} if "5.1.1" in said else set()
    assert set(sent.store.suppressed) == suppressed


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize("fault", DROPS.values(), ids=DROPS)
@pytest.mark.parametrize(
    ("stage", "expected"), [("MAIL", BACK), ("RCPT", BACK), ("DATA", BACK), ("body", UNKNOWN), ("dot", UNKNOWN)]
)
@pytest.mark.parametrize("turn", [1, 3])
def test_a_loss(
    stage: str, expected: tuple[Outcome, FinishReason], fault: dict[str, Any], turn: int, *, pipelining: bool
) -> None:
    # A small body leaves together with its dot: cut off in the middle, its fate is unknown.
    rule = Rule(stage, turn=turn, connection=1, after_octets=60 if stage == "body" else 0, **fault)
    with ScriptedServer([rule], pipelining=pipelining) as server:
        sent = send(server.port, people(5), timeouts=as_long_as_needed(fault))
    outcome, reason = expected
    assert (sent.outcome(f"r{turn - 1}@example.com"), sent.finish.reason) == (outcome, reason)
    assert sent.store.counts == Counter({Outcome.SENT: 4}) + Counter({outcome: 1})
    _nobody_twice(server, sent.store.counts)


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize("fault", [{"drop": True}, {"reset": True}], ids=["closed", "reset"])
def test_a_large_body_cut_off_before_its_dot_goes_back(fault: dict[str, Any], *, pipelining: bool) -> None:
    rule = Rule("body", after_octets=2000, connection=1, **fault)
    with ScriptedServer([rule], pipelining=pipelining, narrow=True) as server:
        sent = send(server.port, people(2), messenger=PlainMessenger(octets=8_000_000), timeouts=impatient(10))
    assert sent.store.counts == {Outcome.SENT: 2}
    assert sorted(server.accepted) == people(2)
    assert server.connections == 2


@pytest.mark.parametrize("fault", [{"drop": True}, {"reset": True}], ids=["closed", "reset"])
def test_a_loss_right_after_354_is_unknown_or_known_to_have_carried_nothing(fault: dict[str, Any]) -> None:
    with ScriptedServer([Rule("body", connection=1, turn=1, **fault)]) as server:
        sent = send(server.port, people(3))
    first = sent.outcome("r0@example.com")
    assert first in {Outcome.UNKNOWN, Outcome.SENT}
    assert (first is Outcome.SENT) == ("r0@example.com" in server.accepted)


@pytest.mark.parametrize("fault", DROPS.values(), ids=DROPS)
@pytest.mark.parametrize("stage", ["greeting", "EHLO"])
def test_a_server_that_cannot_be_reached_at_the_start_costs_nothing(stage: str, fault: dict[str, Any]) -> None:
    with ScriptedServer([Rule(stage, **fault)]) as server:
        sent = send(server.port, people(3), timeouts=impatient(0.3))
    assert sent.finish.reason is FinishReason.SERVER_AWAY
    assert str(server.port) in sent.finish.text
    assert sent.store.calls["claim"] == 0


@pytest.mark.parametrize("said", ["421 4.3.2 too busy", "450 4.3.2 later", "554 no", "220 fine\n999 what"])
def test_a_greeting_that_is_no_welcome(said: str) -> None:
    with ScriptedServer([Rule("greeting", said, drop=True)]) as server:
        sent = send(server.port, people(1))
    assert sent.finish.reason is FinishReason.SERVER_AWAY
    assert sent.store.calls["claim"] == 0


def test_a_blocked_host_is_the_accounts_fault() -> None:
    with ScriptedServer([Rule("greeting", "554 5.7.1 your host is on a blocklist")]) as server:
        sent = send(server.port, people(1))
    assert sent.finish.reason is FinishReason.HELD
    assert sent.store.calls["claim"] == 0


def test_a_server_that_knows_no_ehlo_gets_helo() -> None:
    with ScriptedServer([Rule("EHLO", "502 5.5.1 what?")]) as server:
        sent = send(server.port, people(3))
    assert sent.store.counts == {Outcome.SENT: 3}
    assert server.violations == []


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
def test_a_refused_recipient_leaves_the_connection_usable(*, pipelining: bool) -> None:
    rule = Rule("RCPT", "550 5.1.1 unknown", address="r[135]@")
    with ScriptedServer([rule], pipelining=pipelining) as server:
        sent = send(server.port, people(8))
    assert sent.store.counts == {Outcome.SENT: 5, Outcome.FAILED: 3}
    assert server.connections == 1
    assert server.violations == []
    assert not [mail for mail in server.mails if not mail.rcpt_to]


def test_a_354_after_a_refused_recipient_is_ended_by_a_lone_dot() -> None:
    rules = [Rule("RCPT", "550 5.1.1 unknown", address="r1@"), Rule("DATA", "354 anyway", turn=2)]
    with ScriptedServer(rules) as server:
        sent = send(server.port, people(4))
    assert sent.store.counts == {Outcome.SENT: 3, Outcome.FAILED: 1}
    assert len(server.at("lone dot")) == 1
    assert server.connections == 1


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "dot"])
def test_replies_split_at_every_octet(stage: str, *, pipelining: bool) -> None:
    with ScriptedServer([Rule(stage, split=True)], pipelining=pipelining) as server:
        sent = send(server.port, people(4))
    assert sent.store.counts == {Outcome.SENT: 4}
    assert server.violations == []


def test_a_reply_of_many_lines() -> None:
    rule = Rule("dot", "250-2.0.0 taken\n250-with thanks\n250 2.0.0 Ok: queued as ABC123")
    with ScriptedServer([rule]) as server:
        sent = send(server.port, people(2))
    assert sent.store.counts == {Outcome.SENT: 2}
    settled = sent.store.of("r0@example.com").settled
    assert settled is not None
    assert settled.queue_id == "ABC123"
    assert "\n" not in settled.reply


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_reply_too_many_never_settles_the_wrong_mail(stage: str, *, pipelining: bool) -> None:
    raw = {"DATA": b"354 go\r\n250 2.0.0 taken\r\n"}.get(stage, b"250 ok\r\n250 ok again\r\n")
    rules = [Rule(stage, raw=raw, turn=2, connection=1), Rule("dot", "554 5.6.0 never taken", connection=1, turn=2)]
    with ScriptedServer(rules, pipelining=pipelining) as server:
        sent = send(server.port, people(4))
    # Whatever the server's extra reply made of it: nobody is called sent who was not, nobody gets two.
    accepted = Counter(server.accepted)
    assert not [who for who, times in accepted.items() if times > 1]
    for who in people(4):
        assert (sent.outcome(who) is Outcome.SENT) <= (who in accepted), who


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (b"250 2.0.0 too early\r\n", Outcome.SENT),
        (b"421 4.4.2 you take too long\r\n", Outcome.SENT),
        (b"550 5.1.1 after all\r\n", Outcome.FAILED),
        (b"25", Outcome.SENT),
    ],
)
def test_what_a_server_says_between_354_and_the_dot_is_no_answer_to_the_dot(
    said: bytes, outcome: Outcome, *, pipelining: bool
) -> None:
    clock = FastClock(FACTOR)
    heard = threading.Event()

    def held_up(name: str) -> None:
        # Until the server has spoken; half a line cannot be heard, so it is given its time.
        if name == "hand_over":
            heard.wait(5 if b"\n" in said else 0.1)

    store = MemoryStore(people(3), clock, fault=held_up)

    def listen(event: object) -> None:
        if isinstance(event, Transcript) and not event.sent and event.line.encode() in said:
            heard.set()

    with ScriptedServer([Rule("body", raw=said, turn=1, connection=1)], pipelining=pipelining) as server:
        sent = send(server.port, [], store=store, clock=clock, listen=listen, transcript=True)
    assert sent.store.counts == Counter({Outcome.SENT: 2}) + Counter({outcome: 1})
    assert sent.outcome("r0@example.com") is outcome
    assert Counter(server.accepted) == Counter(r for r in people(3) if sent.outcome(r) is Outcome.SENT)
    assert not [mail for mail in server.mails if mail.connection == 1]


def test_a_refusal_in_the_middle_of_a_large_body_counts() -> None:
    rule = Rule("body", "552 5.3.4 too big", after_octets=2000, drop=True)
    with ScriptedServer([rule], narrow=True) as server:
        sent = send(
            server.port, people(2), messenger=PlainMessenger(octets=8_000_000), timeouts=impatient(10), max_wait="1s"
        )
    assert sent.finish.reason in {FinishReason.HELD, FinishReason.SERVER_AWAY}
    assert sent.store.counts == {Outcome.QUEUED: 2}
    assert server.mails == []


def test_a_mail_that_breaks_every_connection_is_deferred_in_the_end() -> None:
    with ScriptedServer([Rule("RCPT", drop=True, address="r0@")]) as server:
        sent = send(server.port, people(6))
    assert sent.finish.reason in {FinishReason.DEFERRED, FinishReason.SERVER_AWAY}
    assert sent.store.counts == {Outcome.SENT: 5, Outcome.DEFERRED: 1}


def test_a_server_that_breaks_every_connection_is_away_soon() -> None:
    with ScriptedServer([Rule("RCPT", drop=True)]) as server:
        sent = send(server.port, people(500), connections=4)
    assert sent.finish.reason is FinishReason.SERVER_AWAY
    assert "RCPT" in sent.finish.text
    assert server.connections < 30
    assert Outcome.CLAIMED not in sent.store.counts


def _nobody_twice(server: ScriptedServer, counts: dict[Outcome, int]) -> None:
    dots = Counter(mail.rcpt_to for mail in server.mails if mail.accepted)
    assert not [who for who, times in dots.items() if times > 1]
    assert Outcome.CLAIMED not in counts
    assert Outcome.HANDED_OVER not in counts
    assert not [line for line in server.violations if "before its reply" in line]
