"""The `date` of a post: a day or an instant, as people write it.

Pure. Reads ``2026-12-01``, ``2021-9-1``, ``2026-12-01 09:00``, ``2026-12-01T09:00:00.123Z``, an offset or IANA zone
behind it (``2026-12-01 09:00 America/New_York``), ``December 1, 2026`` and the dates of mail headers.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from newsletter_cli import times
from newsletter_cli.post.model import Due

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<name>[A-Za-z]{3,9})\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_DAYS = (
    re.compile(r"(?P<year>\d{4})(?P<separator>[-/.])(?P<month>\d{1,2})(?P=separator)(?P<day>\d{1,2})"),
    re.compile(rf"{_WEEKDAY}(?P<day>\d{{1,2}})\.?\s+{_MONTH},?\s+(?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(rf"{_WEEKDAY}{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})", re.IGNORECASE),
)
_TIME = re.compile(
    r"(?:[Tt]|,?\s+(?:at\s+)?)(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?(?![A-Za-z]))?"
)
_ZONE = re.compile(r"\s*(?:\(?(?P<zone>[A-Za-z][\w+/-]*)\)?|(?P<offset>[+-]\d{1,2}(?::?\d{2})?))?\s*")
_NAMED = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[-_ .]|\Z)")

# A letter of 1850 may be put online; a year beyond these is a slip, and its instants could not be counted with.
_FIRST_YEAR, _LAST_YEAR = 1000, 2999

_HINT = "write it as 2026-12-01, or 2026-12-01 09:00 America/New_York"


class DateError(ValueError):
    """The text is no date; the message says why and what to write."""


def parse(text: str, *, timezone: str) -> Due:
    """Read a date. `timezone` is where it counts if it names no zone itself. Raises DateError."""
    text = text.strip()
    day, rest = _day(text)
    clock = _TIME.match(rest)
    if clock is None:
        if rest.strip():
            raise DateError(f"{text!r} is no date: {rest.strip()!r} behind the day is no time; {_HINT}")
        return Due(day=day, instant=None, zone=timezone)
    place = _ZONE.fullmatch(rest, clock.end())
    if place is None:
        raise DateError(f"{text!r} is no date: {rest[clock.end() :].strip()!r} is no time zone; {_HINT}")
    name = _zone_name(place["zone"] or place["offset"] or timezone)
    try:
        at = times.zone(name)
    except ValueError as error:
        raise DateError(str(error)) from error
    return Due(day=day, instant=_instant(day, clock, at, text), zone=name)


def from_name(stem: str, *, timezone: str) -> Due | None:
    """The day at the head of a file's name (``2021-08-23-title``), as Jekyll reads it; None where there is none."""
    match = _NAMED.match(stem)
    if match is None:
        return None
    try:
        return Due(day=date(int(match["year"]), int(match["month"]), int(match["day"])), instant=None, zone=timezone)
    except ValueError:
        return None


def exists(due: Due) -> bool:
    """Whether the clocks of its zone ever show that time; a spring change of clocks leaves an hour out."""
    return due.instant is None or due.instant.astimezone(UTC).astimezone(due.instant.tzinfo) == due.instant.replace(
        fold=0
    )


def _day(text: str) -> tuple[date, str]:
    for form in _DAYS:
        match = form.match(text)
        if match is None:
            continue
        try:
            if not _FIRST_YEAR <= int(match["year"]) <= _LAST_YEAR:
                raise ValueError(f"the year is not between {_FIRST_YEAR} and {_LAST_YEAR}")  # noqa: TRY301 - as date()
            return date(int(match["year"]), _month(match), int(match["day"])), text[match.end() :]
        except ValueError as error:
            raise DateError(f"{text!r} is no date: {error}; {_HINT}") from error
    raise DateError(f"{text!r} is no date; {_HINT}")


def _month(match: re.Match[str]) -> int:
    found = match.groupdict()
    if "month" in found:
        return int(found["month"])
    try:
        return _MONTHS.index(found["name"][:3].lower()) + 1
    except ValueError:
        raise ValueError(f"{found['name']!r} is no month") from None


def _instant(day: date, clock: re.Match[str], at: tzinfo, text: str) -> datetime:
    hour = int(clock["hour"])
    if clock["half"]:
        if not 1 <= hour <= 12:
            raise DateError(f"{text!r} is no date: there is no hour {hour} of a half day; {_HINT}")
        hour = hour % 12 + (12 if clock["half"].lower() == "p" else 0)
    elif clock["minute"] is None:
        raise DateError(f"{text!r} is no date: the time of day lacks its minutes; {_HINT}")
    microsecond = int((clock["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        return datetime(
            day.year, day.month, day.day, hour, int(clock["minute"] or 0), int(clock["second"] or 0), microsecond, at
        )
    except ValueError as error:
        raise DateError(f"{text!r} is no date: {error}; {_HINT}") from error


def _zone_name(name: str) -> str:
    """``UTC`` for its spellings, ``+02:00`` for offsets, else the name as it stands."""
    if name.upper() in {"Z", "UTC", "GMT"}:
        return "UTC"
    offset = re.fullmatch(r"([+-])(\d{1,2}):?(\d{2})?", name)
    if offset is None:
        return name
    size = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    if size >= timedelta(hours=24):
        raise DateError(f"{name!r} is no offset from UTC; {_HINT}")
    return f"{offset[1]}{int(offset[2]):02d}:{offset[3] or '00'}"
