"""What machines do to a run: clocks that jump, processes that are stopped for longer than any timeout."""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.delivery.engine import FinishReason
from newsletter_cli.delivery.events import Recorded
from newsletter_cli.ledger.states import Outcome
from tests.doubles.clock import FastClock
from tests.doubles.store import MemoryStore
from tests.servers.killing import TIMEOUT_S, Round
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule
from tests.servers.sending import people, send
from tests.servers.test_pace_at_server import instants, most_in_a_window

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PATIENCE_S = 60


class JumpingClock(FastClock):
    """Somebody sets the time of day; what counts seconds goes on as before."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__(factor)
        self.jumped = timedelta()

    def now(self) -> datetime:
        return super().now() + self.jumped


def jumping(clock: JumpingClock, jumps: dict[int, timedelta]) -> Callable[[object], None]:
    """Let the clock jump when so many mails are recorded."""
    recorded: list[object] = []

    def listen(event: object) -> None:
        if isinstance(event, Recorded):
            recorded.append(event)
            clock.jumped += jumps.get(len(recorded), timedelta())

    return listen


@pytest.mark.parametrize(
    "jumps", [{8: DAY}, {6: -HOUR}, {8: DAY, 16: -DAY - HOUR}], ids=["forwards", "backwards", "there and back"]
)
@pytest.mark.parametrize("connections", [1, 3])
def test_a_clock_that_jumps_makes_no_burst_and_sends_nobody_two(jumps: dict[int, timedelta], connections: int) -> None:
    clock = JumpingClock()
    rate = 30
    with ScriptedServer([Rule("dot", "451 4.3.0 later", address="r3@", times=1)]) as server:
        sent = send(
            server.port,
            people(40),
            clock=clock,
            listen=jumping(clock, jumps),
            connections=connections,
            rate=(f"{rate}/s",),
            retry_after=("1s",),
            max_wait="10m",
        )
    assert len(server.accepted) == len(set(server.accepted))
    if DAY in jumps.values():
        # What was due in a second is due at once.
        assert sent.finish.reason is FinishReason.DONE
        assert sent.store.counts == {Outcome.SENT: 40}
    else:
        # A retry is due at a time of day, which is far away now: it is not waited for, another run does it.
        assert sent.finish.reason is FinishReason.DEFERRED
        assert sent.store.counts == {Outcome.SENT: 39, Outcome.DEFERRED: 1}
    assert most_in_a_window(instants(server, "dot"), 1.0) <= rate + connections


def test_a_clock_that_goes_back_does_not_fill_a_quota_again() -> None:
    clock = JumpingClock()
    store = MemoryStore(people(30), clock)
    options: dict[str, Any] = {"rate": ("12/h",), "max_wait": "1m", "connections": 2}
    with ScriptedServer() as server:
        first = send(server.port, (), clock=clock, store=store, listen=jumping(clock, {6: -HOUR}), **options)
        assert first.finish.reason is FinishReason.DEFERRED
        second = send(server.port, (), clock=clock, store=store, **options)
        assert second.finish.reason is FinishReason.DEFERRED
        assert len(server.accepted) == 12
        # A day later there is room again: the clock is believed, but the next hour has its own twelve.
        clock.jumped += DAY
        third = send(server.port, (), clock=clock, store=store, **options)
        assert third.finish.reason is FinishReason.DEFERRED
    assert len(server.accepted) == len(set(server.accepted)) == 24


@pytest.mark.parametrize("connections", [1, 4])
def test_stopped_for_longer_than_any_timeout(tmp_path: Path, connections: int) -> None:
    with ScriptedServer(latency_s=0.005) as server:
        place = Round(tmp_path, server.port, connections, random.Random(1))
        campaign = place.begin(200)
        child = place.fork(campaign, "boot")
        for wanted in (20, 60, 100):
            deadline = time.monotonic() + PATIENCE_S
            while len(server.mails) < wanted:
                assert time.monotonic() < deadline
                time.sleep(0.002)
            os.kill(child, signal.SIGSTOP)
            # What is being waited for is the very thing: its timeouts pass while it cannot look.
            time.sleep(TIMEOUT_S * 2)
            os.kill(child, signal.SIGCONT)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    ledger = place.open("boot")
    counts = {outcome: number for outcome, number in ledger.counts(campaign).items() if number}
    ledger.close()
    # The answers were in the kernel: nothing is unknown, and no connection was made anew.
    assert counts == {Outcome.SENT: 200}
    assert len(server.accepted) == len(set(server.accepted)) == 200
    assert len(server.at("greeting")) == connections
