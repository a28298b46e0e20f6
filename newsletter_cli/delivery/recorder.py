"""The ledger, spoken to in groups: at once where it is quick, else from one thread of its own.

The loop collects what all connections have to record, for as long as its turns bring more. Claims, hand-overs and
outcomes, nearly all there is, are recorded right there where the ledger can do so without waiting: a thread costs more
than a commit that does not wait for the disk. Everything else is the thread's, and so is waiting for the disk; while
it works on one group the next one gathers. Within a group outcomes stand before hand-overs: a connection's last mail
is settled when its next one is handed over. Once a call has failed nothing is handed over any more (`broken`): what
cannot be recorded does not go out. Outcomes that could not be recorded are kept, and tried again by `flush`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeVar, cast

from newsletter_cli.delivery.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from newsletter_cli.delivery.seams import Store
    from newsletter_cli.ledger.model import Claim, Settled

T = TypeVar("T")


@dataclass(slots=True)
class _Group:
    """What one turn of the thread does. While it works the group is the thread's alone, afterwards the loop's."""

    settled: list[tuple[Claim, Settled]] = field(default_factory=list)
    suppressed: list[tuple[Claim, str]] = field(default_factory=list)
    put_back: list[int] = field(default_factory=list)
    counted: int = 0
    counted_at: datetime | None = None
    handed: dict[int, Prompt[bool]] = field(default_factory=dict)
    calls: list[tuple[Callable[[], object], asyncio.Future[object]]] = field(default_factory=list)
    # What came of it: each part moves here once the ledger has it.
    recorded: list[tuple[Claim, Settled]] = field(default_factory=list)
    over: set[int] = field(default_factory=set)
    results: list[object] = field(default_factory=list)
    error: Exception | None = None

    @property
    def quick(self) -> bool:
        """Whether all that it records is a turn's."""
        return not (self.suppressed or self.put_back)

    @property
    def unrecorded(self) -> bool:
        """Whether something is left that must not be forgotten."""
        return bool(self.settled or self.suppressed or self.put_back)

    def __bool__(self) -> bool:
        return bool(self.unrecorded or self.handed or self.calls)


class Recorder:
    """Give it what is to be recorded; it is recorded soon, in order, and `on_recorded` is told."""

    def __init__(
        self,
        store: Store,
        *,
        account: str,
        exact_counts: bool,
        on_recorded: Callable[[Claim, Settled], None],
        on_broken: Callable[[Exception], None],
    ) -> None:
        self.broken: Exception | None = None
        self._store = store
        self._account = account
        self._exact_counts = exact_counts
        self._counted = 0
        self._counted_at: datetime | None = None
        self._on_recorded = on_recorded
        self._on_broken = on_broken
        self._loop = asyncio.get_running_loop()
        self._next = _Group()
        self._working = False  # the thread has a group in its hands
        self._blocked = False  # one that nothing may overtake
        self._asked = False
        self._idle: list[asyncio.Future[None]] = []
        self._queue: SimpleQueue[_Group | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    def settle(self, claim: Claim, settled: Settled) -> None:
        """Record an outcome."""
        self._next.settled.append((claim, settled))
        self._ask()

    def suppress(self, claim: Claim, evidence: str) -> None:
        """Never mail it again."""
        self._next.suppressed.append((claim, evidence))
        self._ask()

    def put_back(self, claim_id: int) -> None:
        """Let it wait again."""
        self._next.put_back.append(claim_id)
        self._ask()

    def count(self, at: datetime) -> None:
        """One more mail counts for quotas: recorded with its outcome, or with the next claims where none is set."""
        self._counted += 1
        self._counted_at = at

    def hand_over(self, claim_id: int, *, alone: bool = False) -> Prompt[bool]:
        """Record that its body goes out now; False: it must not. `alone`: nobody else will ask in this turn."""
        future = Prompt[bool](self._loop)
        if self.broken:
            future.give(False)
        else:
            self._next.handed[claim_id] = future
            if alone:
                self._start()
            else:
                self._ask()
        return future

    async def call(self, function: Callable[[], T]) -> T:
        """Do anything else with the ledger in its thread, after what was given before. Raises what it raises."""
        if self.broken:
            raise self.broken
        future: asyncio.Future[object] = self._loop.create_future()
        self._next.calls.append((function, future))
        self._ask()
        return cast("T", await future)

    async def claim(self, limit: int) -> list[Claim]:
        """Take recipients, after what was given before: here and now where that is quick; firm in any case."""
        claims = None
        if self._next.quick and not (self._blocked or self.broken):
            try:
                claims = self._store.claim_at_once(limit)
            except Exception as error:
                self._break(_Group(), error)
                raise
        if claims is None:
            return await self.call(partial(self._store.claim, limit))
        if claims:
            await self.call(self._store.firm)
        return claims

    async def flush(self) -> bool:
        """Wait until everything given is recorded, and say whether it is; what failed before is tried once more."""
        self._exact_counts = True
        while self._next or self._counted or self._working:
            self._start()
            if self._working:
                done = self._loop.create_future()
                self._idle.append(done)
                await done
            if self.broken and (self._next.unrecorded or self._counted):
                return False
        return True

    def close(self) -> None:
        """End the thread; what is in its hands is finished first."""
        self._queue.put(None)
        self._thread.join()

    # The loop's side.

    def _ask(self) -> None:
        """Start a group soon: once a turn of the loop brings nothing more, so that it serves many connections."""
        if not (self._asked or self.broken or self._blocked):
            self._asked = True
            self._loop.call_soon(self._gather, 0)

    def _gather(self, before: int) -> None:
        """Start the group, unless a turn has brought more for it than there was `before`."""
        now = len(self._next.handed)
        if now > before:
            self._loop.call_soon(self._gather, now)
        else:
            self._start()

    def _start(self) -> None:
        self._asked = False
        group = self._next
        counts = bool(self._counted and self._exact_counts)
        quick = (group.settled or group.handed) and group.quick and not (counts or self._blocked or self.broken)
        done = quick and self._at_once(group)
        if not (self._working or group.error) and (self._next or counts):
            self._give_to_thread(self._next)
        if done:
            # Last: whoever is told goes on at once, and gives more.
            self._finish(group)

    def _give_to_thread(self, group: _Group) -> None:
        self._next = _Group()
        if self._exact_counts or group.calls:
            group.counted, self._counted = self._counted, 0
            group.counted_at = self._counted_at
        self._working = True
        # Claims and questions are in nobody's way: the next outcomes may be recorded beside them.
        self._blocked = bool(group.unrecorded or group.handed)
        self._queue.put(group)

    def _at_once(self, group: _Group) -> bool:
        """Record outcomes and hand-overs here and now; False: the ledger would have to wait for that."""
        try:
            over = self._store.turn([settled for _, settled in group.settled], list(group.handed), wait=False)
        except Exception as error:  # noqa: BLE001 - as in the thread
            self._next = _Group()
            group.error = error
            return True
        if over is None:
            return False
        self._next = _Group(calls=group.calls)
        group.calls = []
        group.over = over
        group.recorded, group.settled = group.settled, []
        return True

    def _done(self, group: _Group) -> None:
        self._working = self._blocked = False
        self._finish(group)
        if self._next:
            self._ask()
        waiting, self._idle = self._idle, []
        for idle in waiting:
            _give(idle, None)

    def _finish(self, group: _Group) -> None:
        """Tell everyone what came of a group."""
        if group.error is not None:
            self._break(group, group.error)
        for claim_id, handed in group.handed.items():
            handed.give(claim_id in group.over)
        for (_, future), result in zip(group.calls, group.results, strict=False):
            _give(future, result)
        for claim, settled in group.recorded:
            self._on_recorded(claim, settled)

    def _break(self, group: _Group, error: Exception) -> None:
        """After a failure what is unrecorded goes before what came since, and nobody waits for an answer any more."""
        first, self.broken = self.broken is None, error
        later = self._next
        self._next = _Group(
            settled=group.settled + later.settled,
            suppressed=group.suppressed + later.suppressed,
            put_back=group.put_back + later.put_back,
        )
        self._counted += group.counted
        if first:
            self._on_broken(error)
        for handed in later.handed.values():
            handed.give(False)
        for _, future in [*group.calls[len(group.results) :], *later.calls]:
            if not future.done():
                future.set_exception(error)

    # The thread's side.

    def _work(self) -> None:
        while (group := self._queue.get()) is not None:
            try:
                self._record(group)
            except Exception as error:  # noqa: BLE001 - whatever the ledger raises ends the run; the loop is told
                group.error = error
            self._loop.call_soon_threadsafe(self._done, group)

    def _record(self, group: _Group) -> None:
        store = self._store
        others = bool(group.suppressed or group.put_back or group.counted)
        if group.settled or (group.handed and not others):
            over = store.turn([settled for _, settled in group.settled], () if others else list(group.handed))
            group.recorded, group.settled = group.settled, []
            group.over = over or set()
        while group.suppressed:
            store.suppress(*group.suppressed[0])
            del group.suppressed[0]
        if group.put_back:
            store.put_back(group.put_back)
            group.put_back = []
        if group.counted and group.counted_at is not None:
            store.count_sent(self._account, group.counted, group.counted_at)
            group.counted = 0
        if group.handed and others:
            group.over = store.turn((), list(group.handed)) or set()
        for function, _ in group.calls:
            group.results.append(function())


def _give(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)
