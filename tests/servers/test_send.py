from __future__ import annotations

from newsletter_cli.config.settings import Smtp
from newsletter_cli.delivery import engine
from newsletter_cli.delivery.engine import FinishReason
from newsletter_cli.ledger.states import Outcome
from tests.doubles.clock import FastClock
from tests.doubles.messenger import PlainMessenger
from tests.doubles.store import MemoryStore
from tests.servers.scripted import ScriptedServer


def test_everyone_gets_one_mail() -> None:
    clock = FastClock()
    emails = [f"r{i}@example.com" for i in range(200)]
    store = MemoryStore(emails, clock)
    seen: list[object] = []
    with ScriptedServer() as server:
        finish = engine.deliver(
            store,
            PlainMessenger(),
            Smtp(host="127.0.0.1", port=server.port, security="none"),
            clock=clock,
            events=seen.append,
        )
    assert finish.reason is FinishReason.DONE, finish
    assert sorted(server.accepted) == sorted(emails)
    assert store.counts == {Outcome.SENT: 200}
    assert server.violations == []
