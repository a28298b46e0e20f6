"""The engine over the real ledger: what it asks of a store is what the ledger's run does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.delivery import engine
from newsletter_cli.delivery.engine import FinishReason
from newsletter_cli.ledger.model import Frozen, NewRecipient, PostIdentity
from newsletter_cli.ledger.states import CampaignState, Outcome
from newsletter_cli.ledger.store import Ledger
from tests.doubles.clock import FastClock
from tests.doubles.messenger import PlainMessenger
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule
from tests.servers.sending import FACTOR, impatient, people, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Book:
    """A ledger with one campaign."""

    def __init__(self, folder: Path, count: int) -> None:
        self.clock = FastClock(FACTOR)
        found = Ledger.open("sqlite:///ledger.sqlite3", folder=folder, clock=self.clock, identity="test")
        assert found is not None
        self.ledger = found
        self.campaign = found.begin(
            "letter",
            PostIdentity(post_id="1", path="a.md", body_hash="0"),
            "uid",
            Frozen(source=b"", subject="", versions={}),
            [
                NewRecipient(n.to_bytes(16, "big"), n.to_bytes(16, "little"), email, "full", "l.csv", n)
                for n, email in enumerate(people(count), start=1)
            ],
        ).id

    def send(
        self, port: int, *, listen: Callable[[object], None] = lambda _event: None, **options: Any
    ) -> engine.Finish:
        with self.ledger.start_run(self.campaign) as run:
            return engine.deliver(
                run,
                PlainMessenger(),
                settings(port, **options),
                clock=self.clock,
                events=listen,
                timeouts=impatient(),
                helo_name="example.com",
            )

    @property
    def counts(self) -> dict[Outcome, int]:
        return {outcome: count for outcome, count in self.ledger.counts(self.campaign).items() if count}


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    found = Book(tmp_path, 60)
    yield found
    found.ledger.close()


def test_everyone_is_sent(book: Book) -> None:
    with ScriptedServer() as server:
        finish = book.send(server.port, connections=4)
    assert finish.reason is FinishReason.DONE
    assert book.counts == {Outcome.SENT: 60}
    assert sorted(server.accepted) == sorted(people(60))


def test_every_kind_of_outcome(book: Book) -> None:
    rules = [
        Rule("RCPT", "550 5.1.1 no such user", address="r1@"),
        Rule("RCPT", "450 4.2.0 later", address="r2@"),
        Rule("dot", drop=True, address="r3@"),
        Rule("dot", "451 4.7.0 slow down", address="r4@", times=1),
        Rule("RCPT", drop=True, address="r5@", times=1),
        Rule("dot", "552 5.2.2 full", address="r6@"),
    ]
    with ScriptedServer(rules) as server:
        finish = book.send(server.port, connections=3)
    assert finish.reason is FinishReason.DEFERRED
    assert book.counts == {Outcome.SENT: 56, Outcome.FAILED: 2, Outcome.DEFERRED: 1, Outcome.UNKNOWN: 1}
    rows = {row.email: row for row in book.ledger.recipients(book.campaign)}
    assert rows["r2@example.com"].tries == 4
    assert rows["r0@example.com"].queue_id
    assert [one.email for one in book.ledger.suppressions.list()] == ["r1@example.com"]
    with ScriptedServer() as server:
        finish = book.send(server.port)
    assert finish.reason is FinishReason.DONE
    assert server.accepted == ["r2@example.com"]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "dot"])
def test_what_is_held_waits_again(book: Book, stage: str) -> None:
    with ScriptedServer([Rule(stage, "550 5.7.1 policy", turn=20, connection=1)]) as server:
        finish = book.send(server.port, connections=2)
    assert finish.reason is FinishReason.HELD
    sent = len(server.accepted)
    assert book.counts == {Outcome.SENT: sent, Outcome.QUEUED: 60 - sent}
    with ScriptedServer() as server:
        assert book.send(server.port).reason is FinishReason.DONE
    assert book.counts == {Outcome.SENT: 60}


def test_a_window_of_failures_waits_again(book: Book) -> None:
    with ScriptedServer([Rule("dot", "554 5.0.0 no", address="[05]@")]) as server:
        finish = book.send(server.port, connections=2)
    assert finish.reason is FinishReason.HELD
    assert set(book.counts) == {Outcome.SENT, Outcome.QUEUED}


def test_pause_and_suppression_by_another_connection_to_the_ledger(book: Book) -> None:
    seen: list[object] = []

    def listen(event: object) -> None:
        seen.append(event)
        if len(seen) == 12:
            book.ledger.set_state(book.campaign, CampaignState.PAUSED)

    with ScriptedServer() as server:
        finish = book.send(server.port, listen=listen, rate=("600/m",))
    assert finish.reason is FinishReason.PAUSED
    assert set(book.counts) == {Outcome.SENT, Outcome.QUEUED}
    with ScriptedServer() as server:
        book.send(server.port)
    assert server.mails == []


def test_cancel_by_another_connection_to_the_ledger(book: Book) -> None:
    seen: list[object] = []

    def listen(event: object) -> None:
        seen.append(event)
        if len(seen) == 12:
            book.ledger.cancel(book.campaign)

    with ScriptedServer() as server:
        finish = book.send(server.port, listen=listen, rate=("600/m",), connections=2)
    assert finish.reason is FinishReason.CANCELLED
    assert set(book.counts) == {Outcome.SENT, Outcome.CANCELLED}
    assert book.counts[Outcome.SENT] == len(server.accepted)


def test_quotas_are_counted_in_the_ledger(book: Book) -> None:
    with ScriptedServer() as server:
        first = book.send(server.port, rate=("25/d",), connections=3)
        second = book.send(server.port, rate=("25/d",))
        third = book.send(server.port, rate=("40/d",))
    assert (first.reason, second.reason, third.reason) == (FinishReason.DEFERRED,) * 3
    assert len(server.accepted) == 40
    assert first.until is not None
    assert book.counts == {Outcome.SENT: 40, Outcome.QUEUED: 20}


def test_sends_are_counted_even_where_no_quota_is_set(book: Book) -> None:
    with ScriptedServer() as server:
        book.send(server.port)
        finish = book.send(server.port, rate=("60/d",))
    assert finish.reason is FinishReason.DONE
    with book.ledger.start_run(book.campaign) as run:
        assert run.sent_since("@127.0.0.1", book.clock.now().replace(year=2025)) == 60
