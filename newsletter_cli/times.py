"""Instants, durations, rates and the clock.

Pure but for `SystemClock`, the one place that reads the machine's time. Instants are aware datetimes; durations are
timedeltas; what a person writes (``10m``, ``14/s``, ``2026-12-01 09:00 America/New_York``) is read here.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_DURATION_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|[smhdw])")
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*/\s*(?:([0-9]+)\s*)?(s|m|h|d)\Z")


class Clock(Protocol):
    """Time as an argument: what waits or stamps takes one of these."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go backwards."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one home of the clock

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()  # noqa: TID251 - the one home of the clock

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        import asyncio  # a quarter of what `--help` would cost

        await asyncio.sleep(seconds)


def parse_duration(text: str) -> timedelta:
    """Read ``90s``, ``10m``, ``1h30m``, ``48h``, ``7d``, ``250ms`` or ``0``. Raises ValueError."""
    cleaned = text.strip().lower()
    if cleaned == "0":
        return timedelta(0)
    parts = list(_DURATION_PART.finditer(cleaned))
    if not parts or "".join(part[0] for part in parts) != cleaned:
        raise ValueError(f"{text!r} is no duration; write a number and a unit: 90s, 10m, 48h, 7d")
    try:
        return sum((float(part[1]) * _UNITS[part[2]] for part in parts), timedelta(0))
    except OverflowError as error:
        raise ValueError(f"{text!r} is longer than can be counted") from error


def format_duration(duration: timedelta) -> str:
    """In whole units, the largest first, as `parse_duration` reads it back: ``10m``, ``1h30m``, ``2d``, ``0s``."""
    milliseconds = round(duration / timedelta(milliseconds=1))
    said = ""
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] / timedelta(milliseconds=1))
        count, milliseconds = divmod(milliseconds, size)
        said += f"{count}{unit}" if count else ""
    return said or "0s"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` messages in any `window`. A window of a minute or less is even; a longer one is a quota."""

    count: float
    window: timedelta

    @property
    def per_second(self) -> float:
        """Messages a second, on average."""
        return self.count / self.window.total_seconds()

    @property
    def even(self) -> bool:
        """Whether it paces single messages (N/s, N/m); otherwise it is a sliding quota (N/h, N/d)."""
        return self.window <= timedelta(minutes=1)

    def __str__(self) -> str:
        unit = next((unit for unit in "dhm" if self.window % _UNITS[unit] == timedelta(0)), "s")
        number = self.window // _UNITS[unit]
        count = int(self.count) if self.count.is_integer() else self.count
        return f"{count}/{number if number > 1 else ''}{unit}"


def parse_rate(text: str) -> Rate:
    """Read ``14/s``, ``300/m``, ``100/h``, ``2000/d``, ``5/10s``. Raises ValueError."""
    match = _RATE.match(text.strip().lower())
    try:
        rate = Rate(float(match[1]), int(match[2] or 1) * _UNITS[match[3]]) if match else None
    except OverflowError:
        rate = None
    if rate is None or not 0 < rate.count < math.inf or not rate.window:
        raise ValueError(f"{text!r} is no rate; write a number and a unit: 14/s, 300/m, 2000/d")
    return rate


def zone(name: str) -> tzinfo:
    """The zone of an IANA name, ``UTC``, ``Z`` or an offset ``+02:00``. Raises ValueError."""
    if name.upper() in {"UTC", "Z", "GMT"}:
        return UTC
    offset = re.fullmatch(r"([+-])([0-9]{2}):?([0-5][0-9])", name)
    try:
        if offset:
            size = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
            return timezone(size if offset[1] == "+" else -size)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone; write one like Europe/Berlin, UTC or +02:00") from error


def stamp(instant: datetime) -> str:
    """An instant as the program writes it into a post: UTC, milliseconds, ``Z``."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def start_of_day(day: date, at: tzinfo) -> datetime:
    """The first instant of a calendar day in a zone."""
    return datetime(day.year, day.month, day.day, tzinfo=at)
