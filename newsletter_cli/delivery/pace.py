"""When the next mail may start: even windows, quotas, batches, and a server's pleas, for all connections together.

Pure: every method takes `now` and none waits. Seconds are those of a clock that never goes backwards; quotas, which
outlive a run, are counted by the ledger in instants.

A mail takes one token, before its MAIL or before its final dot, never both. So in any window at the server there are
at most the tokens of that window and, of each connection, the one mail whose token is older (interface, promise 11).
There is no credit for idle time: nothing bursts at the start or after a pause.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter_cli.delivery.brake import Brake
from newsletter_cli.times import Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from newsletter_cli.replies import Reply

# A token asked for so much too late, because a timer or the processor was late, does not push back those behind it.
_LATENESS_S = 0.02
# Over how long the pace of an unlimited run is measured, to know what half of it is.
_MEASURED_S = 10.0
# A mail whose MAIL rode behind a dot waits for its token with the server waiting too; no longer than this.
RIDE_WAIT_S = 0.5


class Window:
    """One even rate: tokens an interval apart, and never more than `count` in any window."""

    def __init__(self, rate: Rate) -> None:
        self.interval_s = 1 / rate.per_second
        self._next_at = -math.inf
        # The interval alone lets lateness pile up; these keep the promise to the letter.
        self._logs = [_Log(max(1, math.ceil(rate.per_second)), 1.0)]
        seconds = rate.window.total_seconds()
        if seconds != 1.0:
            self._logs.append(_Log(max(1, math.floor(rate.count)), seconds))

    def wait(self, now: float) -> float:
        """Seconds until a token is free; 0: now."""
        return max(0.0, self._next_at - now, *(log.wait(now) for log in self._logs))

    def take(self, now: float, *, level: float) -> None:
        """A token is taken; `level` below 1 spreads them."""
        on_time = self._next_at if now - self._next_at <= _LATENESS_S else now
        self._next_at = on_time + self.interval_s / level
        for log in self._logs:
            log.take(now)


class _Log:
    """At most `limit` in any half-open window of `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._taken: deque[float] = deque(maxlen=limit)
        self._seconds = seconds

    def wait(self, now: float) -> float:
        if len(self._taken) < (self._taken.maxlen or 0):
            return 0.0
        return self._taken[0] + self._seconds - now

    def take(self, now: float) -> None:
        self._taken.append(now)


class Pace:
    """The one pace of a run."""

    def __init__(
        self,
        rates: Sequence[Rate],
        *,
        connections: int,
        batch_size: int = 0,
        batch_pause_s: float = 0.0,
    ) -> None:
        self._windows = [Window(rate) for rate in rates if rate.even]
        self._allowed = min((rate.per_second for rate in rates if rate.even), default=None)
        self._connections = connections
        self._batch_size = batch_size if batch_pause_s > 0 else 0
        self._batch_pause_s = batch_pause_s
        self._left_in_batch = batch_size
        self._batch_over_at: float | None = None
        self.brake = Brake()
        self._recent: deque[float] = deque(maxlen=4096)
        self._slowed: Window | None = None  # stands in for the rate that an unlimited run does not have

    def wait(self, now: float) -> float:
        """Seconds until a mail may start; 0: now. Batches are asked for with `room`."""
        stopped = self.brake.stopped_until - now
        windows = self._windows if self._slowed is None else [*self._windows, self._slowed]
        return max(stopped, 0.0, *(window.wait(now) for window in windows))

    def take(self, now: float) -> None:
        """A mail's token is taken."""
        level = self.brake.level(now)
        for window in self._windows:
            window.take(now, level=level)
        if not self._windows:
            self._recent.append(now)
            if self._slowed is not None:
                if level >= 1.0:
                    self._slowed = None
                else:
                    self._slowed.take(now, level=level)

    @property
    def unlimited(self) -> bool:
        """Whether no token ever makes anyone wait."""
        return not self._windows and self._slowed is None

    def rides(self, now: float) -> bool:
        """Whether a MAIL may go out behind a dot before its token is taken: the wait for that will be short."""
        per_second = self.per_second(now)
        return per_second is None or self.connections(now) / per_second <= RIDE_WAIT_S

    def per_second(self, now: float) -> float | None:
        """The mails a second now allowed; None: as fast as the server goes."""
        level = self.brake.level(now)
        if self._allowed is not None:
            return self._allowed * level
        return None if self._slowed is None else level / self._slowed.interval_s

    def connections(self, now: float) -> int:
        """The connections now allowed, at least one."""
        return max(1, math.floor(self._connections * self.brake.connection_level(now)))

    def plea(self, reply: Reply, now: float) -> str:
        """The server asked to slow down: give what was made of it, for a person; empty where it changes nothing."""
        made = self.brake.plea(reply, now)
        if made and self._allowed is None and self._slowed is None and self.brake.level(now) < 1:
            recent = sum(1 for at in self._recent if now - at < _MEASURED_S)
            span = min(_MEASURED_S, now - self._recent[0]) if recent else 1.0
            self._slowed = Window(Rate(max(1.0, recent / max(1.0, span)), timedelta(seconds=1)))
        return made

    # Batches: so many mails, then a pause that starts when the last of them is done.

    def room(self, now: float) -> int | None:
        """How many mails the batch still takes (None: no batches); a pause that is over begins a new one."""
        if not self._batch_size:
            return None
        if self._batch_over_at is not None and now >= self._batch_over_at:
            self._left_in_batch = self._batch_size
            self._batch_over_at = None
        return self._left_in_batch

    def begun(self, count: int = 1) -> None:
        """So many of the batch are spoken for; a negative count gives them back."""
        self._left_in_batch -= count

    def batch_wait(self, now: float) -> float:
        """Seconds until the next batch. The first call, when nothing is under way any more, starts the pause."""
        if self._batch_over_at is None:
            self._batch_over_at = now + self._batch_pause_s
        return max(0.0, self._batch_over_at - now)


@dataclass(frozen=True, slots=True)
class Spent:
    """A quota that is used up; `until` is when its oldest mail leaves the window."""

    rate: Rate
    until: datetime


def quota_room(rates: Sequence[Rate], now: datetime, sent_since: Callable[[datetime], int]) -> int | Spent | None:
    """How many mails all sliding quotas together still allow; the one that allows none last; None: no quotas."""
    room: int | None = None
    spent: Spent | None = None
    for rate in rates:
        if rate.even:
            continue
        left = int(rate.count) - sent_since(now - rate.window)
        if left <= 0:
            until = _free_again(rate, now, sent_since)
            if spent is None or until > spent.until:
                spent = Spent(rate, until)
        room = left if room is None else min(room, left)
    return spent or room


def _free_again(rate: Rate, now: datetime, sent_since: Callable[[datetime], int]) -> datetime:
    """When enough of the window's oldest mails have left it: halving the window until a second is known."""
    early: timedelta = rate.window * 0
    late = rate.window
    while (late - early).total_seconds() > 1:
        middle = early + (late - early) / 2
        # As seen `middle` from now, nothing sent in between.
        if sent_since(now + middle - rate.window) < int(rate.count):
            late = middle
        else:
            early = middle
    return now + late
