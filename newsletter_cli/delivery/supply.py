"""Where a run's mails come from: claims in small groups, no more than limits, quotas and batches allow.

`refill` asks the ledger for as many as may be in hand now and says what it is waiting for where there are none. No
claim is held over a batch pause, a quota wait or a stop, so that a dead run leaves as few as possible behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from newsletter_cli.delivery.pace import Spent, quota_room

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter_cli.delivery.campaign import Campaign
    from newsletter_cli.delivery.pace import Pace
    from newsletter_cli.delivery.recorder import Recorder
    from newsletter_cli.delivery.seams import SmtpSection, Store
    from newsletter_cli.times import Clock

# What a power cut can make unknown: the ledger commits a group of claims to the disk, single outcomes only to the
# system. A larger one is only taken where so many go out while the disk is waited for: thousands a second.
GROUP = 64
LARGEST_GROUP = 256
# How exactly a time of day is compared with a wait.
_SLACK = timedelta(seconds=1)
# A group that lasts for so long is no longer too small.
_LONG_S = 1.0
# Claims in hand cover about this much of a slow pace, so that few wait claimed for long.
_AHEAD_S = 10.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be claimed before `until`; `over`: longer than the settings let a run wait."""

    until: datetime
    why: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Dry:
    """Nobody is due in this run any more; `left` still wait for another."""

    left: int


class Supply:
    """The claims of a run."""

    def __init__(
        self,
        store: Store,
        section: SmtpSection,
        *,
        account: str,
        campaign: Campaign,
        pace: Pace,
        recorder: Recorder,
        clock: Clock,
    ) -> None:
        self._store = store
        self._section = section
        self._campaign = campaign
        self._pace = pace
        self._recorder = recorder
        self._clock = clock
        self._sent_since = partial(store.sent_since, account)
        self._has_quotas = any(not rate.even for rate in section.rate)
        self._quota_left: int | None = None
        self._due_at: datetime | None = None
        self._empty = False
        self._someone_waits = False
        self._group = GROUP
        self._refilled_at = float("-inf")

    @property
    def low(self) -> bool:
        """Whether it is time for another group: the connections have something to do while it is claimed."""
        return self._campaign.ready <= self._ahead() // 2

    def due(self, at: datetime | None) -> None:
        """A recipient of this run is due again then (None: now)."""
        if at is None:
            self._empty = False
        elif self._due_at is None or at < self._due_at:
            self._due_at = at

    async def refill(self) -> Wait | Dry | None:
        """Claim what may be claimed. None: something is in hand or may be soon; otherwise what is waited for."""
        now = self._clock.now()
        if self._due_at is not None and now >= self._due_at:
            self._due_at = None
            self._empty = False
        if self._empty:
            return await self._nobody_due()
        room = await self._room(now)
        if isinstance(room, Wait):
            return await self.worth(room)
        if room > 0:
            claims = await self._recorder.claim(room)
            self._fit_group(len(claims))
            if self._quota_left is not None:
                self._quota_left -= len(claims)
            self._pace.begun(len(claims))
            self._campaign.claimed(claims)
            self._empty = len(claims) < room
            self._someone_waits = False
            if not claims:
                return await self._nobody_due()
        return None

    def gave_back(self, count: int) -> None:
        """So many claims wait in the ledger again, untried."""
        self._pace.begun(-count)
        self._empty = False

    async def worth(self, wait: Wait) -> Wait | Dry:
        """The wait, where anybody is left to be waited for. The ledger is asked once, not twice a second."""
        if not (self._someone_waits or self._campaign.in_hand):
            self._someone_waits = await self._recorder.call(self._store.waiting) > 0
            if not self._someone_waits:
                return Dry(0)
        return wait

    async def _nobody_due(self) -> Wait | Dry | None:
        if self._campaign.in_hand:
            return None
        next_try_at = await self._recorder.call(self._store.next_try_at)
        if next_try_at is None:
            return Dry(await self._recorder.call(self._store.waiting))
        self._due_at = next_try_at
        # Further away than any wait between tries: the clock was set back. The next run tries again at once.
        longest = max(self._section.retry_after, default=timedelta())
        over = next_try_at - self._clock.now() > longest + _SLACK
        return Wait(next_try_at, "the next try of a deferred mail", over=over)

    async def _room(self, now: datetime) -> int | Wait:
        """How many may be claimed now."""
        campaign = self._campaign
        # A mail on its way of each connection is not of the group: it is unknown after any sudden end.
        room = min(self._group, self._group + self._section.connections - campaign.in_hand)
        room = min(room, self._ahead() - campaign.ready)
        if campaign.budget is not None:
            room = min(room, campaign.budget)
        batch = self._pace.room(self._clock.monotonic())
        if batch is not None:
            if batch <= 0:
                return self._batch_pause(now)
            room = min(room, batch)
        if self._has_quotas and room > 0:
            left = await self._quota(now)
            if isinstance(left, Wait):
                return left
            room = min(room, left)
        return room

    def _ahead(self) -> int:
        """How many may wait for a connection at most."""
        per_second = self._pace.per_second(self._clock.monotonic())
        return self._group if per_second is None else max(1, min(GROUP, int(per_second * _AHEAD_S)))

    def _fit_group(self, claimed: int) -> None:
        """The next group is larger where half of the last one was used up before this one was there."""
        now = self._clock.monotonic()
        if now - self._refilled_at > _LONG_S:
            self._group = GROUP
        elif not self._campaign.ready and claimed >= GROUP // 2:
            self._group = min(LARGEST_GROUP, self._group * 2)
        self._refilled_at = now

    def _batch_pause(self, now: datetime) -> Wait | int:
        if self._campaign.in_hand:
            return 0
        seconds = self._pace.batch_wait(self._clock.monotonic())
        return Wait(now + timedelta(seconds=seconds), "batch pause")

    async def _quota(self, now: datetime) -> int | Wait:
        """What the sliding quotas leave. The ledger is asked again only when the last answer is used up."""
        if not self._quota_left or self._quota_left <= 0:
            in_hand = self._campaign.in_hand  # not counted yet when the ledger looks
            found = await self._recorder.call(partial(quota_room, self._section.rate, now, self._sent_since))
            if isinstance(found, Spent):
                if self._campaign.in_hand:
                    return 0
                wait = found.until - now
                return Wait(found.until, f"quota {found.rate}", over=wait > self._section.max_wait)
            self._quota_left = max(0, (found or 0) - in_hand)
        return self._quota_left
