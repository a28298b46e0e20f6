"""The pace as the server sees it, by the server's own clock."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.delivery.engine import FinishReason
from newsletter_cli.delivery.events import Pace, Waiting
from newsletter_cli.ledger.states import Outcome
from tests.doubles.clock import FastClock
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule
from tests.servers.sending import impatient, people, send

if TYPE_CHECKING:
    from collections.abc import Sequence


def most_in_a_window(instants: Sequence[float], seconds: float) -> int:
    """The largest number of instants in any half-open window."""
    found = first = 0
    for last, instant in enumerate(instants):
        while instant - instants[first] >= seconds:
            first += 1
        found = max(found, last - first + 1)
    return found


def allowed(rate: float, seconds: float, connections: int) -> float:
    """How many mails a window may hold, however late a loaded machine looks at its sockets.

    Its tokens, the one at its edge, those that a late timer makes up for (20 ms), and of each connection the one mail
    whose token is older.
    """
    return rate * (seconds + 0.02) + 1 + connections


def least_s(rate: float, mails: int, connections: int) -> float:
    """How long so many take at the least, as the server sees it: the first of each connection may be seen late."""
    return (mails - 1 - connections) / rate - 0.02


def instants(server: ScriptedServer, stage: str) -> list[float]:
    return [moment.at for moment in server.at(stage)]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize(
    ("rate", "connections", "latency_s"), [(20, 1, 0.0), (40, 4, 0.0), (40, 4, 0.03), (150, 3, 0.0)]
)
def test_any_second_at_the_server(rate: int, connections: int, latency_s: float, *, pipelining: bool) -> None:
    # A window of a second, and of a quarter: even means that the promise holds at any scale.
    mails = int(rate * 1.3)
    with ScriptedServer(pipelining=pipelining, latency_s=latency_s) as server:
        sent = send(server.port, people(mails), clock=FastClock(), connections=connections, rate=(f"{rate}/s",))
    assert sent.store.counts == {Outcome.SENT: mails}
    for stage in ("MAIL", "dot"):
        at = instants(server, stage)
        assert most_in_a_window(at, 1.0) <= rate + connections
        assert most_in_a_window(at, 0.25) <= allowed(rate, 0.25, connections)
    at = instants(server, "dot")
    assert at[-1] - at[0] >= least_s(rate, mails, connections)


@pytest.mark.parametrize(("rate", "per_second", "connections"), [("40/s", 40, 4), ("150/s", 150, 3), ("900/m", 15, 3)])
def test_it_is_not_much_slower_than_allowed(rate: str, per_second: int, connections: int) -> None:
    mails = per_second * 4 // 5
    took: list[float] = []
    while len(took) < 5 and (not took or min(took) > mails / per_second * 1.5):
        # Others on the machine only ever add to it: the quickest counts.
        with ScriptedServer() as server:
            send(server.port, people(mails), clock=FastClock(), connections=connections, rate=(rate,))
        at = instants(server, "dot")
        took.append(at[-1] - at[0])
    assert min(took) <= mails / per_second * 1.5, took


def test_no_burst_at_the_start_or_after_a_stalled_server() -> None:
    # Every connection stalls at its second dot; then all of them are free at once.
    rules = [Rule("dot", "250 2.0.0 late", delay_s=0.5, turn=2)]
    with ScriptedServer(rules) as server:
        sent = send(server.port, people(36), clock=FastClock(), connections=4, rate=("30/s",), timeouts=impatient(5))
    assert sent.store.counts == {Outcome.SENT: 36}
    for stage in ("MAIL", "dot"):
        assert most_in_a_window(instants(server, stage), 0.5) <= allowed(30, 0.5, 4)
        assert most_in_a_window(instants(server, stage), 0.2) <= allowed(30, 0.2, 4)


def test_a_rate_by_the_minute_is_even_too() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(12), clock=FastClock(), connections=3, rate=("900/m",))
    assert sent.store.counts == {Outcome.SENT: 12}
    at = instants(server, "dot")
    assert at[-1] - at[0] >= least_s(15, 12, 3)
    assert most_in_a_window(at, 0.2) <= allowed(15, 0.2, 3)


def test_several_windows_hold_at_once() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(12), clock=FastClock(), rate=("100/s", "600/m"))
    at = instants(server, "dot")
    assert sent.store.counts == {Outcome.SENT: 12}
    assert at[-1] - at[0] >= least_s(10, 12, 1)


def test_batches_pause_with_nothing_claimed() -> None:
    clock = FastClock(factor=100)
    claimed: list[int] = []

    def listen(event: object) -> None:
        if isinstance(event, Waiting):
            claimed.append(sent_store.counts.get(Outcome.CLAIMED, 0))

    from tests.doubles.store import MemoryStore

    sent_store = MemoryStore(people(25), clock)
    with ScriptedServer() as server:
        sent = send(
            server.port,
            [],
            store=sent_store,
            clock=clock,
            listen=listen,
            batch_size=10,
            batch_pause="15s",
            connections=3,
        )
    at = instants(server, "dot")
    assert sent.store.counts == {Outcome.SENT: 25}
    assert at[10] - at[9] >= 0.14
    assert at[20] - at[19] >= 0.14
    assert most_in_a_window(at, 0.14) <= 10
    assert claimed == [0, 0]
    assert [event.why for event in sent.of(Waiting)] == ["batch pause", "batch pause"]
    assert sent.store.most_claimed <= 10


def test_connections_are_closed_over_a_long_pause() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(4), batch_size=2, batch_pause="5m")
    assert sent.store.counts == {Outcome.SENT: 4}
    assert server.connections == 2
    assert len(server.at("QUIT")) == 2


def test_a_quota_that_is_spent_ends_the_run_and_says_when_to_come_back() -> None:
    clock = FastClock()
    with ScriptedServer() as server:
        sent = send(server.port, people(10), clock=clock, rate=("6/d",), connections=2)
    assert sent.finish.reason is FinishReason.DEFERRED
    assert sent.store.counts == {Outcome.SENT: 6, Outcome.QUEUED: 4}
    assert sent.finish.until is not None
    assert 86_000 < (sent.finish.until - clock.now()).total_seconds() <= 86_401
    assert sent.store.sends
    assert {name for _, name, _ in sent.store.sends} == {"@127.0.0.1"}


def test_a_quota_counts_over_runs_and_slides() -> None:
    clock = FastClock()
    with ScriptedServer() as server:
        first = send(server.port, people(8), clock=clock, rate=("5/h",), account="a")
        again = send(server.port, [], store=first.store, clock=clock, rate=("5/h",), account="a")
        other = send(server.port, [], store=first.store, clock=clock, rate=("2/h",), account="b", limit=1)
        clock.factor = 3600  # an hour a second
        patient = send(server.port, [], store=first.store, clock=clock, rate=("5/h",), account="a", max_wait="2h")
    assert first.store.counts == {Outcome.SENT: 8}
    assert (first.finish.reason, again.finish.reason) == (FinishReason.DEFERRED, FinishReason.DEFERRED)
    assert other.finish.reason is FinishReason.LIMIT
    assert patient.finish.reason is FinishReason.DONE
    assert any(event.why == "quota 5/h" for event in patient.of(Waiting))
    by_a = sorted(at for at, name, count in first.store.sends for _ in range(count) if name == "a")
    assert most_in_a_window([at.timestamp() for at in by_a], 3600) <= 5


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule("RCPT", "421 4.7.0 try again later, closing connection", drop=True, turn=3, connection=1), "421"),
        (Rule("RCPT", "450 4.7.1 too many messages, slow down", turn=3, connection=1), "450"),
        (Rule("dot", "454 4.7.0 Throttling: maximum sending rate exceeded", turn=3, connection=1), "454"),
        (Rule("MAIL", "451 4.7.0 rate limit", turn=3, connection=1), "451"),
    ],
)
def test_a_plea_lowers_the_pace_and_it_climbs_back(rule: Rule, why: str) -> None:
    with ScriptedServer([rule]) as server:
        sent = send(server.port, people(400), connections=4, rate=("4/s",), clock=FastClock(factor=200))
    assert sent.store.counts == {Outcome.SENT: 400}
    paces = sent.of(Pace)
    assert paces[0] == Pace(4.0, 4)
    assert why in paces[1].why
    assert (paces[1].per_second, paces[1].connections) == (2.0, 2)
    assert paces[1].until is not None
    climb = [pace.per_second for pace in paces[1:]]
    assert climb == sorted(climb)
    assert len(climb) >= 3


def test_an_unlimited_run_is_slowed_by_what_it_did() -> None:
    rule = Rule("RCPT", "450 4.7.1 slow down", address="r60@", times=1)
    with ScriptedServer([rule]) as server:
        sent = send(server.port, people(90), clock=FastClock(factor=20), retry_after=("1s",), connections=2)
    assert sent.store.counts == {Outcome.SENT: 90}
    slowed = [pace.per_second for pace in sent.of(Pace) if pace.why]
    assert len(slowed) == 1
    assert slowed[0] is not None


def test_gmails_unusual_rate_stops_everything_for_ten_minutes() -> None:
    rule = Rule("dot", "421 4.7.28 unusual rate of mail", drop=True, turn=3, connection=1)
    clock = FastClock(factor=2000)
    with ScriptedServer([rule]) as server:
        sent = send(server.port, people(20), clock=clock, connections=3)
    assert sent.store.counts == {Outcome.SENT: 20}
    waits = sent.of(Waiting)
    assert any("stop" in wait.why for wait in waits)
    at = instants(server, "MAIL")
    assert max(later - earlier for earlier, later in pairwise(at)) >= 0.29  # 600 s at 2000 times


def test_a_stop_longer_than_max_wait_ends_the_run() -> None:
    rule = Rule("dot", "421 4.7.28 unusual rate of mail", drop=True, turn=1, connection=1)
    with ScriptedServer([rule]) as server:
        sent = send(server.port, people(20), max_wait="5m", connections=2)
    assert sent.finish.reason is FinishReason.DEFERRED
    assert sent.finish.until is not None
    assert Outcome.CLAIMED not in sent.store.counts


def test_few_are_claimed_ahead_of_a_slow_pace() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(30), rate=("1/s",), clock=FastClock(factor=100), connections=2)
    assert sent.store.counts == {Outcome.SENT: 30}
    assert sent.store.most_claimed <= 10 + 2


def test_the_helper_counts_windows() -> None:
    cases: list[tuple[list[float], int]] = [([], 0), ([0.0], 1), ([0.0, 0.5, 0.99], 3), ([0.0, 1.0], 1)]
    found: list[Any] = [most_in_a_window(at, 1.0) for at, _ in cases]
    assert found == [expected for _, expected in cases]


@pytest.mark.parametrize("options", [{"rate": ("5/d",)}, {"batch_size": 5, "batch_pause": "1h"}])
def test_nobody_waits_for_a_quota_or_a_pause_when_all_is_done(options: dict[str, Any]) -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(5), clock=FastClock(), **options)
        again = send(server.port, [], store=sent.store, clock=FastClock(), **options)
    assert (sent.finish.reason, again.finish.reason) == (FinishReason.DONE, FinishReason.DONE)
    assert sent.of(Waiting) == []
