"""A clock that runs faster than the wall: minutes of the settings pass in milliseconds, in their order."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class FastClock:
    """`times.Clock` at `factor` times the machine's speed, from a fixed day on."""

    def __init__(self, factor: float = 1.0) -> None:
        self._factor = factor
        self._since = time.monotonic()
        self._passed = 0.0
        self._day = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    @property
    def factor(self) -> float:
        return self._factor

    @factor.setter
    def factor(self, factor: float) -> None:
        self._passed, self._since = self.monotonic(), time.monotonic()
        self._factor = factor

    def monotonic(self) -> float:
        return self._passed + (time.monotonic() - self._since) * self._factor

    def now(self) -> datetime:
        return self._day + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._factor)
