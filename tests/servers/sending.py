"""One send of the engine against a server, in a line: what the tests of this folder share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from newsletter_cli.config.settings import Smtp
from newsletter_cli.delivery import engine
from newsletter_cli.delivery.dialogue import TIMEOUTS, Stage
from tests.doubles.clock import FastClock
from tests.doubles.messenger import PlainMessenger
from tests.doubles.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from newsletter_cli.delivery.events import Event
    from newsletter_cli.delivery.seams import Messenger, Stop
    from newsletter_cli.ledger.states import Outcome

# A minute of the settings passes in a tenth of a second.
FACTOR = 600.0


def impatient(seconds: float = 0.25) -> Mapping[Stage, timedelta]:
    """Timeouts for a test: the same for every stage."""
    return dict.fromkeys(TIMEOUTS, timedelta(seconds=seconds))


@dataclass(slots=True)
class Sent:
    """What came of it."""

    finish: engine.Finish
    store: MemoryStore
    events: list[Event] = field(default_factory=list)

    def outcome(self, email: str) -> Outcome:
        return self.store.of(email).outcome

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def people(count: int) -> list[str]:
    return [f"r{number}@example.com" for number in range(count)]


def settings(port: int, **options: Any) -> Smtp:
    return Smtp(**{"host": "127.0.0.1", "port": port, "security": "none", "connections": 1, **options})


def send(
    port: int,
    emails: Sequence[str],
    *,
    clock: FastClock | None = None,
    store: MemoryStore | None = None,
    messenger: Messenger | None = None,
    stop: Stop | None = None,
    limit: int | None = None,
    listen: Callable[[Event], None] | None = None,
    timeouts: Mapping[Stage, timedelta] | None = None,
    transcript: bool = False,
    helo_name: str = "example.com",
    **options: Any,
) -> Sent:
    """Send to `emails` with the settings in `options`."""
    clock = clock or FastClock(FACTOR)
    store = store or MemoryStore(emails, clock)
    sent = Sent(engine.Finish(engine.FinishReason.DONE), store)

    def hear(event: Event) -> None:
        sent.events.append(event)
        if listen:
            listen(event)

    sent.finish = engine.deliver(
        store,
        messenger or PlainMessenger(),
        settings(port, **options),
        clock=clock,
        events=hear,
        stop=stop,
        limit=limit,
        helo_name=helo_name,
        transcript=transcript,
        timeouts=timeouts or impatient(30),
    )
    return sent
