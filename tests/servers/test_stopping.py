"""Stops and failures in the middle: what is handed over is finished and recorded, nothing goes out unrecorded."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.delivery.engine import FinishReason, Stop
from newsletter_cli.delivery.events import ConnectionLost, Recorded, Waiting
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.problems import NotNow
from tests.doubles.clock import FastClock
from tests.doubles.store import MemoryStore
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule
from tests.servers.sending import impatient, people, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def after(count: int, act: Callable[[], object]) -> Callable[[object], None]:
    """Act once when so many outcomes are recorded."""
    seen = []

    def listen(event: object) -> None:
        if isinstance(event, Recorded):
            seen.append(event)
            if len(seen) == count:
                act()

    return listen


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize("connections", [1, 3])
def test_a_stop_finishes_what_is_handed_over(connections: int, *, pipelining: bool) -> None:
    stop = Stop()
    with ScriptedServer(pipelining=pipelining, latency_s=0.002) as server:
        sent = send(
            server.port,
            people(300),
            stop=stop,
            connections=connections,
            clock=FastClock(),
            listen=after(9, stop.request),
        )
    assert sent.finish.reason is FinishReason.INTERRUPTED
    assert stop.signal_number == signal.SIGTERM
    assert 9 <= len(server.accepted) <= 9 + 3 * connections
    assert sent.store.counts == {Outcome.SENT: len(server.accepted), Outcome.QUEUED: 300 - len(server.accepted)}


def test_a_stop_waits_for_the_answer_to_a_dot_and_for_no_other() -> None:
    stop = Stop()
    rules = [Rule("dot", "250 2.0.0 late", delay_s=0.3, address="r0@"), Rule("RCPT", hang=True, address="r1@")]
    timer = threading.Timer(0.1, stop.request)
    with ScriptedServer(rules) as server:
        timer.start()
        sent = send(server.port, people(2), stop=stop, connections=2, timeouts=impatient(30), clock=FastClock())
    assert sent.finish.reason is FinishReason.INTERRUPTED
    assert sent.store.counts == {Outcome.SENT: 1, Outcome.QUEUED: 1}


def test_a_second_wish_is_urgent() -> None:
    stop = Stop()

    def twice() -> None:
        stop.request(signal.SIGINT)
        stop.request(signal.SIGTERM)

    timer = threading.Timer(0.1, twice)
    with ScriptedServer([Rule("dot", hang=True)]) as server:
        timer.start()
        sent = send(server.port, people(1), stop=stop, timeouts=impatient(30), clock=FastClock())
    assert sent.finish.reason is FinishReason.INTERRUPTED
    assert stop.signal_number == signal.SIGINT
    assert sent.store.counts == {Outcome.UNKNOWN: 1}


@pytest.fixture
def terminal() -> Iterator[None]:
    """As in a terminal, even where the tests themselves run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_are_wishes(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with ScriptedServer(latency_s=0.001) as server, Stop().on_signals() as stop:
        sent = send(
            server.port,
            people(300),
            stop=stop,
            clock=FastClock(),
            listen=after(5, lambda: os.kill(os.getpid(), number)),
        )
    assert sent.finish.reason is FinishReason.INTERRUPTED
    assert stop.signal_number == signal.SIGTERM
    assert signal.getsignal(number) is before


def test_under_nohup_a_terminal_may_hang_up() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop().on_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
        assert not stop.requested
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("stage", ["greeting", "EHLO"])
def test_a_stop_while_connecting(stage: str) -> None:
    stop = Stop()
    timer = threading.Timer(0.05, stop.request)
    with ScriptedServer([Rule(stage, hang=True)]) as server:
        timer.start()
        sent = send(server.port, people(1), stop=stop, timeouts=impatient(30))
    assert sent.finish.reason is FinishReason.INTERRUPTED
    assert sent.store.calls["claim"] == 0


def test_a_stop_while_all_wait_for_their_tokens() -> None:
    stop = Stop()
    timer = threading.Timer(0.3, stop.request)
    with ScriptedServer() as server:
        timer.start()
        began = time.monotonic()
        sent = send(server.port, people(20), stop=stop, rate=("1/m",), connections=3, clock=FastClock())
    assert time.monotonic() - began < 30  # not the nineteen minutes that the rate asks for
    assert sent.finish.reason is FinishReason.INTERRUPTED
    assert sent.store.counts == {Outcome.SENT: 1, Outcome.QUEUED: 19}


def test_a_stop_during_a_long_wait() -> None:
    stop = Stop()
    clock = FastClock()

    def listen(event: object) -> None:
        if isinstance(event, Waiting):
            stop.request()

    with ScriptedServer() as server:
        sent = send(server.port, people(4), stop=stop, clock=clock, listen=listen, batch_size=2, batch_pause="10m")
    assert sent.finish.reason is FinishReason.INTERRUPTED
    assert sent.store.counts == {Outcome.SENT: 2, Outcome.QUEUED: 2}


class _Disk:
    """Full from the n-th call of one kind on, for so many calls."""

    def __init__(self, name: str, nth: int, calls: int = 1_000) -> None:
        self._name, self._left, self._calls = name, nth, calls

    def __call__(self, name: str) -> None:
        if name == self._name:
            self._left -= 1
            if self._left <= 0 < self._calls:
                self._calls -= 1
                raise NotNow("ledger.sqlite3: the disk is full")


@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize(
    ("name", "nth"),
    [("claim", 1), ("claim", 3), ("hand_over", 1), ("hand_over", 4), ("settle", 1), ("settle", 4), ("state", 1)],
)
def test_nothing_goes_out_that_cannot_be_recorded(name: str, nth: int, connections: int) -> None:
    clock = FastClock()
    store = MemoryStore(people(200), clock, fault=_Disk(name, nth))
    with ScriptedServer() as server:
        sent = send(server.port, [], store=store, clock=clock, connections=connections, rate=("400/s",))
    assert sent.finish.reason is FinishReason.CANNOT_RECORD
    assert "disk is full" in sent.finish.text
    handed = [row for row in store.rows.values() if row.hand_overs]
    assert {mail.rcpt_to for mail in server.mails} <= {row.claim.email for row in handed}
    assert all(row.hand_overs == 1 for row in handed)
    # What was sent but could not be settled stays as handed over: the next run calls it unknown.
    settled = {row.claim.email for row in handed if row.outcome in {Outcome.SENT, Outcome.HANDED_OVER}}
    assert set(server.accepted) <= settled
    if name == "hand_over" and nth == 1:
        assert server.mails == []


def test_outcomes_are_tried_once_more_when_the_disk_has_room_again() -> None:
    clock = FastClock()
    store = MemoryStore(people(50), clock, fault=_Disk("settle", 3, calls=1))
    with ScriptedServer() as server:
        sent = send(server.port, [], store=store, clock=clock)
    assert sent.finish.reason is FinishReason.CANNOT_RECORD
    assert sent.store.counts == {Outcome.SENT: len(server.accepted), Outcome.QUEUED: 50 - len(server.accepted)}


def test_a_server_that_goes_away_is_waited_for() -> None:
    outage = Rule("greeting", drop=True, times=2)
    with ScriptedServer([Rule("MAIL", drop=True, turn=5, connection=1)]) as server:

        def listen(event: object) -> None:
            if isinstance(event, ConnectionLost) and outage not in server.rules:
                server.rules.append(outage)

        sent = send(server.port, people(12), listen=listen)
    assert sent.finish.reason is FinishReason.DONE
    assert sent.store.counts == {Outcome.SENT: 12}
    waits = [event for event in sent.of(Waiting) if "away" in event.why]
    assert waits
    assert server.connections == 4


def test_a_server_that_stays_away_ends_the_run_with_nobody_claimed() -> None:
    claimed: list[int] = []
    clock = FastClock(600)
    store = MemoryStore(people(12), clock)
    with ScriptedServer([Rule("MAIL", drop=True, turn=5, connection=1)]) as server:

        def listen(event: object) -> None:
            if isinstance(event, ConnectionLost):
                server.rules.append(Rule("greeting", drop=True))
            if isinstance(event, Waiting):
                claimed.append(store.counts.get(Outcome.CLAIMED, 0))

        sent = send(server.port, [], store=store, clock=clock, listen=listen, max_wait="1h")
    assert sent.finish.reason is FinishReason.SERVER_AWAY
    assert sent.store.counts == {Outcome.SENT: 4, Outcome.QUEUED: 8}
    assert server.connections == 1 + 1 + 3  # at once, then after each of `retry_after`
    assert set(claimed) == {0}


def test_a_wait_for_the_server_longer_than_max_wait_ends_the_run() -> None:
    with ScriptedServer([Rule("MAIL", drop=True, turn=2, connection=1)]) as server:

        def listen(event: object) -> None:
            if isinstance(event, ConnectionLost):
                server.rules.append(Rule("greeting", drop=True))

        sent = send(server.port, people(5), listen=listen, max_wait="3m")
    assert sent.finish.reason is FinishReason.SERVER_AWAY
    assert sent.finish.until is not None
    assert server.connections == 1 + 1 + 1


def test_one_connection_too_many_does_not_stop_the_others() -> None:
    refused = [Rule("greeting", "421 4.7.0 too many connections", drop=True, connection=number) for number in (3, 4)]
    with ScriptedServer(refused, latency_s=0.001) as server:
        sent = send(server.port, people(200), connections=4, clock=FastClock(10))
    assert sent.store.counts == {Outcome.SENT: 200}


def test_deferred_ones_are_tried_again_within_the_run_and_then_left_to_the_next() -> None:
    with ScriptedServer([Rule("RCPT", "450 4.2.0 greylisted", address="r1@")]) as server:
        sent = send(server.port, people(4))
        again = send(server.port, [], store=sent.store)
    assert (sent.finish.reason, again.finish.reason) == (FinishReason.DEFERRED, FinishReason.DEFERRED)
    assert "1" in sent.finish.text
    assert len([m for m in server.at("RCPT") if m.address == "r1@example.com"]) == 4
    row = sent.store.of("r1@example.com")
    assert row.outcome is Outcome.DEFERRED
    assert row.claim.tries == 4
    assert row.settled is not None
    assert row.settled.next_try_at is None


def test_giving_up_after_days() -> None:
    clock = FastClock(3_000_000)
    with ScriptedServer([Rule("RCPT", "450 4.2.1 try later", address="r1@")]) as server:
        sent = send(server.port, people(2), clock=clock, retry_after=("1d", "1d", "1d", "1d", "1d"), give_up_after="4d")
    assert sent.finish.reason is FinishReason.DONE
    row = sent.store.of("r1@example.com")
    assert row.outcome is Outcome.FAILED
    assert row.settled is not None
    assert row.settled.reply.startswith("given up")
    assert sent.store.suppressed == {}


def test_too_many_failures_hold_the_campaign_and_those_of_the_window_wait_again() -> None:
    with ScriptedServer([Rule("RCPT", "550 5.0.0 no", address=r"[05]@")]) as server:
        sent = send(server.port, people(300), stop_at_failures="10%", connections=2)
    assert sent.finish.reason is FinishReason.HELD
    assert "refused for good" in sent.finish.text
    assert Outcome.FAILED not in sent.store.counts
    assert 40 <= sent.store.counts[Outcome.SENT] <= 60
    assert sum(sent.store.counts.values()) == 300


def test_dead_addresses_of_the_window_stay_suppressed() -> None:
    with ScriptedServer([Rule("RCPT", "550 5.1.1 no such user", address=r"[05]@")]) as server:
        sent = send(server.port, people(300), stop_at_failures="10%")
    assert sent.finish.reason is FinishReason.HELD
    failed = {row.claim.email for row in sent.store.rows.values() if row.outcome is Outcome.FAILED}
    assert failed == set(sent.store.suppressed)
    assert 10 <= len(failed) <= 12


def test_few_failures_hold_nothing() -> None:
    with ScriptedServer([Rule("RCPT", "550 5.1.1 no such user", address=r"r1[0-7]7@")]) as server:
        sent = send(server.port, people(300), stop_at_failures="5%", connections=4)
    assert sent.finish.reason is FinishReason.DONE
    assert sent.store.counts == {Outcome.SENT: 292, Outcome.FAILED: 8}


def test_the_ledger_is_spoken_to_from_one_other_thread() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(50), connections=3)
    assert len(sent.store.threads) == 1
    assert threading.get_ident() not in sent.store.threads


def test_hand_overs_of_all_connections_are_recorded_in_groups() -> None:
    with ScriptedServer(latency_s=0.005) as server:
        sent = send(server.port, people(160), connections=8, clock=FastClock())
    assert sent.store.counts == {Outcome.SENT: 160}
    assert sent.store.calls["hand_over"] < 120
    assert sent.store.calls["claim"] <= 160 // 16
    assert sent.store.most_claimed <= 64 + 8  # a claim group, and one on its way of each connection
