"""One run of the engine: as many lanes as are allowed and needed, fed with claims, looked after, and wound up.

What an answer means for the run is `campaign`'s, when a mail may start `pace`'s, which claims are taken `supply`'s.
The run supervises: it opens connections and waits out a server that is away, looks twice a second for a pause, a
cancellation or a silent server, and ends with everything recorded or put back.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from newsletter_cli.delivery import events, smtp
from newsletter_cli.delivery.campaign import Finish, FinishReason
from newsletter_cli.delivery.lane import Lane
from newsletter_cli.delivery.parts import assembled
from newsletter_cli.delivery.supply import Dry, Wait
from newsletter_cli.delivery.trouble import Scope
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.problems import NewsletterError
from newsletter_cli.replies import Reason, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from newsletter_cli.delivery.connector import Connector
    from newsletter_cli.delivery.dialogue import Stage
    from newsletter_cli.delivery.making import Making
    from newsletter_cli.delivery.seams import SmtpSection, Stop, Store
    from newsletter_cli.ledger.model import Claim, Settled
    from newsletter_cli.times import Clock

# The ledger's state and silent connections are looked at this often (interface: obeyed within a second).
_LOOK_S = 0.5
# A connection that would idle for longer is closed: servers close idle ones after minutes, some after seconds.
_IDLE_S = 20.0
# While other connections work, one that could not be made is tried again after this.
_EXTRA_S = 15.0


class Run:
    """The engine's inside; `engine.deliver` is its door."""

    def __init__(
        self,
        store: Store,
        making: Making,
        section: SmtpSection,
        connector: Connector,
        *,
        clock: Clock,
        emit: Callable[[events.Event], None],
        stop: Stop,
        limit: int | None,
        account: str,
        timeouts: Mapping[Stage, timedelta],
        transcript: bool,
    ) -> None:
        self._store = store
        self._section = section
        self._connector = connector
        self._clock = clock
        self._events = emit
        self._stop = stop
        self._transcript = transcript
        self._timeouts = {stage: timeout.total_seconds() for stage, timeout in timeouts.items()}
        parts = assembled(
            store,
            making,
            section,
            clock=clock,
            account=account,
            limit=limit,
            emit=self._emit,
            on_recorded=self._recorded,
            on_broken=self._broken,
        )
        self._campaign, self._pace, self._supply = parts.campaign, parts.pace, parts.supply
        self._recorder, self._desk = parts.recorder, parts.desk
        self._max_wait_s = section.max_wait.total_seconds()
        self._look_s = min(_LOOK_S, min(self._timeouts.values()) / 4)
        self._tasks: dict[asyncio.Task[None], Lane | None] = {}
        self._numbers = 0
        self._opened = 0  # lanes being opened or at work
        self._looked_at = float("-inf")
        self._waiting: Wait | None = None
        self._away = 0  # connections in a row, with no other at work, that led to nothing
        self._at_once = True
        self._connect_at = float("-inf")
        self._failure: BaseException | None = None

    async def go(self, first: smtp.Link) -> Finish:
        """Deliver what can be delivered, beginning on this connection. Raises what is a fault of this program."""
        loop = asyncio.get_running_loop()
        try:
            with self._stop.waking(partial(loop.call_soon_threadsafe, self._stopped)):
                self._staff(first)
                try:
                    while self._campaign.ending is None:
                        await self._turn()
                except Exception as error:  # noqa: BLE001 - mails under way are wound up first, then it is raised
                    # What the ledger raises was told to `_broken` already.
                    if self._recorder.broken is None:
                        self._fail(error)
                return await self._wind_up()
        finally:
            self._recorder.close()

    # While it goes on.

    async def _turn(self) -> None:
        """One round of the supervisor: look, feed, staff, rest."""
        self._desk.wake.clear()
        self._watch()
        self._desk.tell_pace()
        now = self._clock.monotonic()
        if now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            self._obey(await self._recorder.call(self._store.state))
        self._wait_for(await self._feed())
        if self._campaign.ending is None:
            self._staff()
            await self._rest()

    async def _feed(self) -> Wait | None:
        """See that claims are in hand; give what is waited for where none may be; end where nobody is left."""
        found = await self._pause() or (await self._supply.refill() if self._supply.low else None)
        if isinstance(found, Dry):
            left = found.left
            text = f"{left} {'wait' if left > 1 else 'waits'} for another run" if left else ""
            self._campaign.end(Finish(FinishReason.DEFERRED if left else FinishReason.DONE, text))
            return None
        if found is None and self._campaign.budget == 0 and not self._campaign.in_hand:
            left = await self._recorder.call(self._store.waiting)
            self._campaign.end(Finish(FinishReason.LIMIT if left else FinishReason.DONE))
        if self._campaign.ready:
            self._desk.call_lanes()
        return found

    async def _pause(self) -> Wait | Dry | None:
        """What keeps everybody from going on: a plea to stop, or a server that is away."""
        now = self._clock.monotonic()
        stopped = self._pace.brake.stopped_until - now
        away = self._connect_at - now if not self._tasks else 0.0
        if stopped <= 0 and away <= 0:
            return None
        if self._campaign.ready:
            # Nobody is held claimed over a wait.
            self._drain()
            await self._recorder.call(_nothing)
        until = self._clock.now() + timedelta(seconds=max(stopped, away))
        if stopped > 0:
            over = stopped > self._max_wait_s
            return await self._supply.worth(Wait(until, "the server asked to stop for a while", over=over))
        return await self._supply.worth(Wait(until, "the server is away"))

    def _wait_for(self, wait: Wait | None) -> None:
        """Tell a wait once; end the run where it is longer than allowed; close connections over a long one."""
        if wait is not None and wait.over:
            self._campaign.end(Finish(FinishReason.DEFERRED, wait.why, wait.until))
            return
        if wait is not None and (self._waiting is None or self._waiting.why != wait.why):
            self._emit(events.Waiting(wait.until, wait.why))
        self._waiting = wait
        long = wait is not None and self._seconds_to(wait.until) > _IDLE_S
        if long and not self._desk.resting:
            self._desk.resting = True
            self._desk.call_lanes()
        elif not long:
            self._desk.resting = False

    def _staff(self, first: smtp.Link | None = None) -> None:
        """Start lanes where there is work for them."""
        now = self._clock.monotonic()
        wanted = 1 if first else self._campaign.ready - self._desk.idle
        # One is enough to see whether a server that was away is back.
        free = (1 if self._away else self._pace.connections(now)) - len(self._tasks)
        if not self._desk.resting and now >= self._connect_at:
            for _ in range(min(wanted, free)):
                self._numbers += 1
                self._opened += 1
                task = asyncio.ensure_future(self._lane(self._numbers, first))
                self._tasks[task] = None
                self._desk.lanes = len(self._tasks)
                task.add_done_callback(self._ended)

    async def _lane(self, number: int, link: smtp.Link | None) -> None:
        """One connection from its opening to its end."""
        found = link or await self._connector.open(number)
        if isinstance(found, smtp.Refusal):
            self._opened -= 1
            self._refused(found)
            return
        lane = Lane(
            number,
            self._desk,
            found,
            self._timeouts,
            messages=self._section.messages_per_connection,
            transcript=self._transcript,
        )
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = lane
        try:
            await lane.run()
        finally:
            lane.wire.abort()
            self._opened -= 1
        if lane.lost_at is not None:
            why = lane.wire.lost
            self._emit(events.ConnectionLost(number, lane.lost_at, str(why)))
        if lane.progress:
            # One that was lost is made again at once; that one's failure is then the first of an outage.
            self._away = 0
            self._at_once = lane.lost_at is None
        elif lane.lost_at is not None:
            self._barren(f"{self._section.host}:{self._section.port} at {lane.lost_at}: {lane.wire.lost}")

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self._desk.lanes = len(self._tasks)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)
        self._desk.wake.set()

    def _refused(self, refusal: smtp.Refusal) -> None:
        """A connection could not be made while the run goes on."""
        if refusal.verdict.scope is Scope.CAMPAIGN:
            self._campaign.end(finish_of(refusal))
            self._emit(events.Held(refusal.text, getattr(refusal.answer, "code", 0), refusal.stage.value))
            return
        if refusal.verdict.plea and isinstance(refusal.answer, Reply):
            self._desk.plea(refusal.answer)
        self._barren(refusal.text)

    def _barren(self, text: str) -> None:
        """A connection led to nothing. It is tried again, once at once, then after each of `retry_after`."""
        now = self._clock.monotonic()
        if self._opened:
            self._connect_at = now + _EXTRA_S
            return
        if self._at_once:
            self._at_once = False
            return
        if self._away >= len(self._section.retry_after):
            self._campaign.end(Finish(FinishReason.SERVER_AWAY, text))
            return
        wait = self._section.retry_after[self._away]
        self._away += 1
        if wait > self._section.max_wait:
            self._campaign.end(Finish(FinishReason.SERVER_AWAY, text, self._clock.now() + wait))
            return
        self._connect_at = now + wait.total_seconds()

    async def _rest(self) -> None:
        """Until someone calls, or it is time to look again."""
        seconds = self._look_s
        if self._waiting is not None:
            seconds = min(seconds, max(0.0, self._seconds_to(self._waiting.until)))
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        waker = asyncio.ensure_future(self._desk.wake.wait())
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()

    # What happens meanwhile.

    def _emit(self, event: events.Event) -> None:
        """Tell an event. A listener that fails ends the run as a fault of this program, with all recorded first."""
        try:
            self._events(event)
        except Exception as error:  # noqa: BLE001 - raised at the end of the run
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            self._campaign.end(Finish(FinishReason.CANNOT_RECORD, f"a fault of this program: {error!r}"))
            self._desk.wake.set()
            self._desk.call_lanes()

    def _obey(self, state: CampaignState) -> None:
        """Another process may have paused, held or cancelled the campaign."""
        reason = _STATES.get(state)
        if reason is not None:
            self._campaign.end(Finish(reason))

    def _stopped(self) -> None:
        self._campaign.end(Finish(FinishReason.INTERRUPTED))
        self._desk.wake.set()
        self._desk.call_lanes()

    def _broken(self, error: Exception) -> None:
        text = str(error) if isinstance(error, NewsletterError) else f"the ledger cannot be written: {error!r}"
        self._campaign.end(Finish(FinishReason.CANNOT_RECORD, text))
        self._desk.wake.set()
        self._desk.call_lanes()

    def _recorded(self, claim: Claim, settled: Settled) -> None:
        self._emit(events.Recorded(claim, settled))

    def _watch(self) -> None:
        now = asyncio.get_running_loop().time()
        for lane in self._tasks.values():
            if lane is not None:
                lane.wire.watch(now)

    def _drain(self) -> None:
        for claim_id in self._campaign.drain():
            self._desk.put_back(claim_id)

    def _seconds_to(self, until: datetime) -> float:
        return (until - self._clock.now()).total_seconds()

    # Its end.

    async def _wind_up(self) -> Finish:
        """Mails past their 354 are answered and recorded; everyone else waits again."""
        self._desk.call_lanes()
        while self._tasks:
            self._drain()
            self._watch()
            for task, lane in self._tasks.items():
                if lane is None:
                    task.cancel()
                elif lane.exposed or self._stop.urgent:
                    lane.wire.abort("closed without the final dot")
            self._desk.wake.clear()
            await self._rest()
        self._drain()
        await self._recorder.flush()
        if self._failure is not None and self._recorder.broken is None:
            raise self._failure
        assert self._campaign.ending is not None
        return self._campaign.ending


def _nothing() -> None:
    """What is called to know that everything before it is recorded."""


# States that another process sets, and how a run ends that finds them.
_STATES = {
    CampaignState.PAUSED: FinishReason.PAUSED,
    CampaignState.HELD: FinishReason.HELD,
    CampaignState.CANCELLED: FinishReason.CANCELLED,
}


def finish_of(refusal: smtp.Refusal) -> Finish:
    """How a run ends that cannot connect."""
    if refusal.verdict.scope is Scope.CAMPAIGN:
        login = refusal.verdict.reason is Reason.LOGIN
        return Finish(FinishReason.LOGIN_REFUSED if login else FinishReason.HELD, refusal.text)
    return Finish(FinishReason.SERVER_AWAY, refusal.text)
