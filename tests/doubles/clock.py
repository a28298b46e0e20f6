"""A clock that runs faster than the wall: minutes of the settings pass in milliseconds, in their order."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class FastClock:
    """`times.Clock` at `factor` times the machine's speed, from a fixed day on."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self._begun = time.monotonic()
        self._day = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def monotonic(self) -> float:
        return (time.monotonic() - self._begun) * self.factor

    def now(self) -> datetime:
        return self._day + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.factor)
