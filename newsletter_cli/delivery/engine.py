"""The door of the room: `deliver` sends a campaign's mails, `send_single` a few test mails, `probe` looks at a server.

`deliver` takes claims from a `Store`, mails from a `Messenger`, and gives back how the run ended (`Finish`) with every
outcome recorded. It blocks and runs its own event loop; the store is spoken to from one other thread. Nothing is
claimed before a first connection is ready. Raises only what is a fault of this program.
"""

from __future__ import annotations

import asyncio
import gc
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli.delivery import smtp
from newsletter_cli.delivery.campaign import Finish, FinishReason
from newsletter_cli.delivery.connector import Connector
from newsletter_cli.delivery.dialogue import TIMEOUTS
from newsletter_cli.delivery.events import Event
from newsletter_cli.delivery.making import Making
from newsletter_cli.delivery.run import Run, finish_of
from newsletter_cli.delivery.seams import Messenger, SmtpSection, Stop, Store
from newsletter_cli.delivery.single import SingleStore

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
    from datetime import timedelta
    from typing import Any

    from newsletter_cli.delivery.dialogue import Stage
    from newsletter_cli.ledger.model import Settled
    from newsletter_cli.message.model import Parcel
    from newsletter_cli.times import Clock

# Mails made ahead in signing threads, over one for each connection: enough that no thread waits for the loop.
_AHEAD = 8

# Objects made between two looks for cycles.
_NEW_OBJECTS = 20_000

__all__ = [
    "Event",
    "Finish",
    "FinishReason",
    "Messenger",
    "Probe",
    "SmtpSection",
    "Stop",
    "Store",
    "Tested",
    "account",
    "deliver",
    "probe",
    "send_single",
]


def deliver(
    store: Store,
    messenger: Messenger,
    smtp: SmtpSection,
    *,
    clock: Clock,
    events: Callable[[Event], None],
    limit: int | None = None,
    stop: Stop | None = None,
    helo_name: str = "",
    transcript: bool = False,
    signing_threads: int = 0,
    timeouts: Mapping[Stage, timedelta] = TIMEOUTS,
) -> Finish:
    """Send until nobody waits, or something ends the run.

    `limit` is how many recipients are tried at most. `helo_name` is used where the section names none: the domain of
    `from`. `events` is called in this thread. `transcript` adds the SMTP dialogue to the events, without secrets.
    `signing_threads` is for messengers that sign with RSA: mails are then made ahead in so many threads.
    """
    with _collecting_less():
        return asyncio.run(
            _deliver(
                store,
                messenger,
                smtp,
                clock=clock,
                emit=events,
                limit=limit,
                stop=stop or Stop(),
                helo_name=helo_name,
                transcript=transcript,
                signing_threads=signing_threads,
                timeouts=timeouts,
            )
        )


@contextmanager
def _collecting_less() -> Iterator[None]:
    """A mail leaves no cycles behind: what stands before a run is not looked through again and again during it."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@dataclass(frozen=True, slots=True)
class Tested:
    """What became of test mails: how the run ended, and an outcome per parcel, in order (None: not tried)."""

    finish: Finish
    settled: tuple[Settled | None, ...]


def send_single(
    parcels: Sequence[Parcel],
    smtp: SmtpSection,
    *,
    clock: Clock,
    events: Callable[[Event], None] = lambda _event: None,
    stop: Stop | None = None,
    helo_name: str = "",
    transcript: bool = False,
    timeouts: Mapping[Stage, timedelta] = TIMEOUTS,
) -> Tested:
    """Send a few mails at once and once, recorded nowhere."""
    store = SingleStore(parcels)
    finish = deliver(
        store,
        store,
        smtp,
        clock=clock,
        events=events,
        stop=stop,
        helo_name=helo_name,
        transcript=transcript,
        timeouts=timeouts,
    )
    return Tested(finish, store.outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a server says up to the login. `trouble` None: everything went well; otherwise how a run would end."""

    offers: smtp.Offers
    tls: str
    trouble: Finish | None = None
    stage: str = ""


def probe(
    smtp: SmtpSection,
    *,
    events: Callable[[Event], None] = lambda _event: None,
    helo_name: str = "",
    transcript: bool = False,
    timeouts: Mapping[Stage, timedelta] = TIMEOUTS,
) -> Probe:
    """Connect, greet, upgrade, log in and leave."""
    return asyncio.run(_probe(smtp, emit=events, helo_name=helo_name, transcript=transcript, timeouts=timeouts))


def account(section: SmtpSection) -> str:
    """The name of the bucket that quotas are counted in."""
    return section.account or f"{section.username}@{section.host}"


async def _deliver(
    store: Store,
    messenger: Messenger,
    section: SmtpSection,
    *,
    clock: Clock,
    emit: Callable[[Event], None],
    limit: int | None,
    stop: Stop,
    helo_name: str,
    transcript: bool,
    signing_threads: int,
    timeouts: Mapping[Stage, timedelta],
) -> Finish:
    try:
        connector = Connector(section, helo_name=helo_name, timeouts=timeouts, emit=emit, transcript=transcript)
    except OSError as error:
        return Finish(FinishReason.SERVER_AWAY, f"smtp.ca_file {section.ca_file}: {error}")
    first = await _unless_stopped(connector.open(1), stop)
    if first is None:
        return Finish(FinishReason.INTERRUPTED)
    if isinstance(first, smtp.Refusal):
        return finish_of(first)
    making = Making(messenger, threads=signing_threads, ahead_of=_AHEAD + section.connections)
    try:
        run = Run(
            store,
            making,
            section,
            connector,
            clock=clock,
            emit=emit,
            stop=stop,
            limit=limit,
            account=account(section),
            timeouts=timeouts,
            transcript=transcript,
        )
        return await run.go(first)
    finally:
        making.close()


async def _unless_stopped(
    opening: Coroutine[Any, Any, smtp.Link | smtp.Refusal], stop: Stop
) -> smtp.Link | smtp.Refusal | None:
    """The connection, or None where the wish to stop comes first."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(opening)
    with stop.waking(lambda: loop.call_soon_threadsafe(task.cancel)):
        await asyncio.wait({task})
    return None if task.cancelled() else task.result()


async def _probe(
    section: SmtpSection,
    *,
    emit: Callable[[Event], None],
    helo_name: str,
    transcript: bool,
    timeouts: Mapping[Stage, timedelta],
) -> Probe:
    try:
        connector = Connector(section, helo_name=helo_name, timeouts=timeouts, emit=emit, transcript=transcript)
    except OSError as error:
        return Probe(
            offers=smtp.Offers(),
            tls="",
            trouble=Finish(FinishReason.SERVER_AWAY, f"smtp.ca_file {section.ca_file}: {error}"),
        )
    found = await connector.open(1)
    if isinstance(found, smtp.Refusal):
        return Probe(offers=smtp.Offers(), tls="", trouble=finish_of(found), stage=found.stage.value)
    found.wire.write(b"QUIT\r\n")
    await found.wire.reply(5.0)
    found.wire.abort()
    return Probe(offers=found.offers, tls=found.tls)
