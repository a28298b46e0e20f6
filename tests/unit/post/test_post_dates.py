from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.post import dates
from newsletter_cli.post.model import Due

DAY = date(2026, 12, 1)


def at(hour: int, minute: int = 0, second: int = 0, microsecond: int = 0, *, offset: float = 0) -> datetime:
    zone = timezone(timedelta(hours=offset))
    return datetime(2026, 12, 1, hour, minute, second, microsecond, zone)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01",
        "2026-12-1",
        "2026/12/01",
        "2026.12.1",
        " 2026-12-01 ",
        "December 1, 2026",
        "Dec 1 2026",
        "Dec. 1st, 2026",
        "1 December 2026",
        "1. Dec 2026",
        "Tue, 1 Dec 2026",
        "Tuesday, December 1, 2026",
    ],
)
def test_days(text: str) -> None:
    assert dates.parse(text, timezone="Europe/Berlin") == Due(day=DAY, instant=None, zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "instant", "zone"),
    [
        ("2026-12-01 09:00", at(9), "UTC"),
        ("2026-12-01T09:00", at(9), "UTC"),
        ("2026-12-01t09:00:30", at(9, 0, 30), "UTC"),
        ("2026-12-01 9:05", at(9, 5), "UTC"),
        ("2026-12-01 00:00", at(0), "UTC"),
        ("2026-12-01T13:27:09.634Z", at(13, 27, 9, 634_000), "UTC"),
        ("2026-12-01T13:27:09.1234567Z", at(13, 27, 9, 123_456), "UTC"),
        ("2026-12-01 09:00 America/New_York", at(9, offset=-5), "America/New_York"),
        ("2026-12-01 09:00 (Europe/Berlin)", at(9, offset=1), "Europe/Berlin"),
        ("2026-12-01 09:00:00 -0500", at(9, offset=-5), "-05:00"),
        ("2026-12-01 09:00:00-05:00", at(9, offset=-5), "-05:00"),
        ("2026-12-01T19:00:00+07:00", at(19, offset=7), "+07:00"),
        ("2026-12-01 09:00 +2", at(9, offset=2), "+02:00"),
        ("2026-12-01 09:00 +0530", at(9, offset=5.5), "+05:30"),
        ("2026-12-01 09:00 UTC", at(9), "UTC"),
        ("2026-12-01 09:00 gmt", at(9), "UTC"),
        ("2026-12-01 9:00 AM", at(9), "UTC"),
        ("2026-12-01 9 pm", at(21), "UTC"),
        ("2026-12-01 12:30 a.m.", at(0, 30), "UTC"),
        ("December 1, 2026 at 9:00 AM Europe/Berlin", at(9, offset=1), "Europe/Berlin"),
        ("Tue, 01 Dec 2026 09:00:00 +0000", at(9), "+00:00"),
    ],
)
def test_instants(text: str, instant: datetime, zone: str) -> None:
    due = dates.parse(text, timezone="UTC")
    assert due == Due(day=DAY, instant=instant, zone=zone)


def test_the_day_is_that_of_its_own_zone() -> None:
    due = dates.parse("2026-12-01T02:00:00Z", timezone="America/New_York")
    assert (due.day, due.zone) == (DAY, "UTC")
    local = dates.parse("2026-12-01 02:00", timezone="America/New_York")
    assert local.instant is not None
    assert local.instant.astimezone(UTC) == datetime(2026, 12, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no date"),
        ("soon", "no date"),
        ("2026-13-01", "month must be"),
        ("2026-02-30", "day is out of range"),
        ("01/12/2026", "no date"),
        ("12-01-2026", "no date"),
        ("2026-12", "no date"),
        ("2026-12/01", "no date"),
        ("2026-12-01 soon", "is no time"),
        ("2026-12-01 25:00", "hour must be"),
        ("2026-12-01 09:61", "minute must be"),
        ("2026-12-01 09", "lacks its minutes"),
        ("2026-12-01 13 pm", "no hour 13 of a half day"),
        ("2026-12-01 09:00 Nowhere/City", "is no time zone"),
        ("2026-12-01 09:00 PST8XX", "is no time zone"),
        ("2026-12-01 09:00 and more", "no time zone"),
        ("2026-12-01 09:00 +25:00", "no offset"),
        ("1 Foo 2026", "is no month"),
        ("20261201", "no date"),
        ("0000-12-01", "the year"),
        ("9999-12-31", "the year"),
    ],
)
def test_what_is_no_date(text: str, word: str) -> None:
    with pytest.raises(dates.DateError, match=word) as caught:
        dates.parse(text, timezone="UTC")
    assert "; write " in str(caught.value)


def test_an_hour_that_the_clocks_leave_out() -> None:
    gap = dates.parse("2026-03-08 02:30 America/New_York", timezone="UTC")
    assert not dates.exists(gap)
    assert gap.instant is not None
    assert gap.instant.astimezone(UTC) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)  # 03:30 on the new clock
    twice = dates.parse("2026-11-01 01:30 America/New_York", timezone="UTC")
    assert dates.exists(twice)
    assert twice.instant is not None
    assert twice.instant.astimezone(UTC) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # the first of the two
    assert dates.exists(dates.parse("2026-03-08", timezone="America/New_York"))


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(2999, 12, 31)), st.integers(-23, 23))  # noqa: DTZ001 - naive is what is written
def test_iso_dates_come_back(moment: datetime, hours: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert dates.parse(aware.isoformat(), timezone="UTC").instant == aware
    assert dates.parse(aware.isoformat(" "), timezone="UTC").day == aware.date()


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text: str) -> None:
    try:
        due = dates.parse(text, timezone="UTC")
    except dates.DateError:
        return
    assert due.instant is None or due.instant.tzinfo is not None
