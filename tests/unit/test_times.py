from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from newsletter_cli import times
from newsletter_cli.times import Rate, format_duration, parse_duration, parse_rate, stamp, start_of_day, zone

if TYPE_CHECKING:
    from newsletter_cli.times import Clock

S = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0", 0 * S),
        ("0s", 0 * S),
        ("90s", 90 * S),
        ("10m", 600 * S),
        ("1h30m", 5400 * S),
        ("1h 30m", 5400 * S),
        (" 48H ", 172_800 * S),
        ("7d", 604_800 * S),
        ("2w", 1_209_600 * S),
        ("250ms", S / 4),
        ("1.5h", 5400 * S),
        ("10 m", 600 * S),
    ],
)
def test_durations(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "10", "m", "10 minutes", "-5s", "1h,30m", "5s x", "1e3s", "٣s", "9" * 400 + "d", "9" * 12 + "d"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration; write a number and a unit|longer than can be counted"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0 * S, "0s"),
        (90 * S, "1m30s"),
        (600 * S, "10m"),
        (172_800 * S, "2d"),
        (S / 4, "250ms"),
        (90_061.5 * S, "1d1h1m1s500ms"),
    ],
)
def test_durations_written(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


@given(st.integers(0, 10**13))
def test_durations_come_back(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "count", "window", "even", "written"),
    [
        ("14/s", 14, S, True, "14/s"),
        ("0.5/s", 0.5, S, True, "0.5/s"),
        ("300/m", 300, 60 * S, True, "300/m"),
        ("100/h", 100, 3600 * S, False, "100/h"),
        (" 2000 / D ", 2000, 86_400 * S, False, "2000/d"),
        ("5000000/d", 5_000_000, 86_400 * S, False, "5000000/d"),
        ("5/10s", 5, 10 * S, True, "5/10s"),
        ("5/60s", 5, 60 * S, True, "5/m"),
        ("5/90s", 5, 90 * S, False, "5/90s"),
        ("5/2h", 5, 7200 * S, False, "5/2h"),
    ],
)
def test_rates(text: str, count: float, window: timedelta, even: bool, written: str) -> None:
    rate = parse_rate(text)
    assert rate == Rate(count, window)
    assert (rate.even, str(rate)) == (even, written)
    assert rate.per_second == pytest.approx(count / window.total_seconds())


@pytest.mark.parametrize(
    "text",
    ["", "14", "14/", "/s", "0/s", "-1/s", "5/0s", "5/00s", "5/week", "9" * 400 + "/s", "1/" + "9" * 20 + "d", "٣/s"],
)
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="is no rate; write a number and a unit"):
        parse_rate(text)


@given(st.floats(0.001, 1e9), st.integers(1, 10_000), st.sampled_from("smhd"))
def test_rates_come_back(count: float, number: int, unit: str) -> None:
    rate = Rate(count, parse_duration(f"{number}{unit}"))
    assert parse_rate(str(rate)) == rate


@pytest.mark.parametrize("name", ["UTC", "utc", "Z", "GMT"])
def test_utc_by_its_names(name: str) -> None:
    assert zone(name) is UTC


def test_zones() -> None:
    assert zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert zone("+02:00") == timezone(timedelta(hours=2))
    assert zone("-0530") == timezone(-timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "Europe", "Europe/", "../etc/passwd", "/etc/localtime", "+25:00", "+02:60", "a\0b", "EST5EDT4x"],
)
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone; write one like Europe/Berlin"):
        zone(name)


@given(st.text(max_size=20))
def test_any_name_is_a_zone_or_none(name: str) -> None:
    try:
        zone(name)
    except ValueError as error:
        assert "is no time zone" in str(error)  # noqa: PT017 - both ways are right


def test_the_stamp_of_an_instant() -> None:
    instant = datetime(2026, 1, 2, 4, 4, 5, 678_999, timezone(timedelta(hours=1)))
    assert stamp(instant) == "2026-01-02T03:04:05.678Z"
    assert stamp(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000Z"


@given(st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds are naive
def test_stamps_come_back_to_the_millisecond_and_sort(instant: datetime) -> None:
    back = datetime.fromisoformat(stamp(instant))
    assert timedelta(0) <= instant - back < timedelta(milliseconds=1)
    assert stamp(back) == stamp(instant)


def test_a_day_begins_in_its_zone() -> None:
    assert start_of_day(date(2026, 7, 1), zone("Europe/Berlin")).astimezone(UTC) == datetime(
        2026, 6, 30, 22, tzinfo=UTC
    )
    # Where midnight is left out, the day begins with the hour after it.
    gap = start_of_day(date(2018, 11, 4), zone("America/Sao_Paulo"))
    assert gap.astimezone(UTC) == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_the_machines_clock() -> None:
    clock: Clock = times.SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()
    asyncio.run(clock.sleep(0))
