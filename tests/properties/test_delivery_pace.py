"""The pace in virtual time: whatever the connections do, the server sees what was promised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from newsletter_cli.delivery.pace import Pace, Spent, quota_room
from newsletter_cli.replies import Reply
from newsletter_cli.times import Rate

SECOND = timedelta(seconds=1)
RATES = st.builds(
    Rate,
    st.sampled_from([1.0, 2.0, 5.0, 14.0, 50.0, 300.0]),
    st.sampled_from([SECOND, timedelta(seconds=10), timedelta(minutes=1)]),
)


def most_in_a_window(instants: list[float], seconds: float) -> int:
    found = first = 0
    for last, instant in enumerate(instants):
        # A billionth is what adding floats may cost.
        while instant - instants[first] >= seconds - 1e-9:
            first += 1
        found = max(found, last - first + 1)
    return found


@given(
    st.lists(RATES, min_size=1, max_size=3),
    st.lists(st.floats(0, 0.4), min_size=1, max_size=150),
    st.lists(st.integers(0, 149), max_size=3),
)
def test_no_window_ever_holds_more_than_its_rate(rates: list[Rate], late: list[float], idle: list[int]) -> None:
    """Mails ask in a row, each a little late; now and then nobody asks for long."""
    pace = Pace(rates, connections=1)
    now = 0.0
    taken: list[float] = []
    for number, lateness in enumerate(late):
        now += 100.0 if number in idle else 0.0
        now += pace.wait(now)
        now += lateness if number % 3 == 0 else 0.0  # a timer or the processor was late
        while (wait := pace.wait(now)) > 0:
            now += wait
        pace.take(now)
        taken.append(now)
    for rate in rates:
        seconds = rate.window.total_seconds()
        assert most_in_a_window(taken, seconds) <= max(1, rate.count)
        if rate.per_second >= 1:
            assert most_in_a_window(taken, 1.0) <= -(-rate.per_second // 1)
        # Even: no part of a window holds more than its part and one, and one that made up for lateness.
        assert most_in_a_window(taken, seconds / 4) <= rate.count / 4 + 2 + rate.per_second * 0.02


@given(RATES, st.integers(20, 100))
def test_a_steady_sender_gets_the_whole_rate(rate: Rate, mails: int) -> None:
    pace = Pace([rate], connections=1)
    now = 0.0
    for _ in range(mails):
        while (wait := pace.wait(now)) > 0:
            now += wait + 0.001  # as late as a timer is
        pace.take(now)
    assert now <= (mails / rate.per_second) * 1.02 + 1.1


@given(st.lists(st.tuples(st.floats(0, 200), st.sampled_from([421, 450, 454])), max_size=20))
def test_pleas_only_lower_and_time_only_raises(pleas: list[tuple[float, int]]) -> None:
    pace = Pace([Rate(14, SECOND)], connections=8)
    now = 0.0
    for gap, code in pleas:
        before = pace.per_second(now)
        now += gap
        after = pace.per_second(now)
        assert before is not None
        assert after is not None
        assert before <= after <= 14
        pace.plea(Reply(code, "slow down"), now)
        lowered = pace.per_second(now)
        assert lowered is not None
        assert 0 < lowered <= after
        assert 1 <= pace.connections(now) <= 8
    assert pace.per_second(now + 100_000) == 14
    assert pace.connections(now + 100_000) == 8


@given(
    st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 40)), max_size=30),
    st.sampled_from([(50.0, "h"), (200.0, "d"), (10.0, "h")]),
)
def test_a_spent_quota_knows_when_it_is_free_again(sends: list[tuple[int, int]], quota: tuple[float, str]) -> None:
    now = datetime(2026, 1, 10, tzinfo=UTC)
    rate = Rate(quota[0], timedelta(hours=1) if quota[1] == "h" else timedelta(days=1))
    past = [(now - timedelta(seconds=ago), count) for ago, count in sends]

    def sent_since(since: datetime) -> int:
        return sum(count for at, count in past if at > since)

    found = quota_room([rate, Rate(1, SECOND)], now, sent_since)
    used = sent_since(now - rate.window)
    if isinstance(found, Spent):
        assert used >= rate.count
        assert found.rate is rate
        assert now < found.until <= now + rate.window
        assert sent_since(found.until - rate.window) < rate.count
        assert sent_since(found.until - rate.window - timedelta(seconds=2)) >= rate.count
    else:
        assert found == rate.count - used
