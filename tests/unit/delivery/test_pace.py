from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter_cli.delivery.brake import ROWS, Brake
from newsletter_cli.delivery.pace import Pace, Spent, quota_room
from newsletter_cli.replies import Reply
from newsletter_cli.times import Rate, parse_rate


def test_without_rates_nobody_waits() -> None:
    pace = Pace([], connections=3)
    for _ in range(1000):
        assert pace.wait(0.0) == 0
        pace.take(0.0)
    assert pace.unlimited
    assert pace.rides(0.0)
    assert pace.per_second(0.0) is None
    assert pace.connections(0.0) == 3


def test_tokens_are_an_interval_apart_from_the_first_on() -> None:
    pace = Pace([parse_rate("10/s")], connections=1)
    assert pace.wait(5.0) == 0
    pace.take(5.0)
    assert pace.wait(5.0) == pytest.approx(0.1)
    assert pace.wait(5.1) == pytest.approx(0)
    assert not pace.unlimited


def test_a_little_lateness_is_made_up_and_idle_time_is_not() -> None:
    pace = Pace([parse_rate("10/s")], connections=1)
    pace.take(0.0)
    pace.take(0.11)
    assert pace.wait(0.11) == pytest.approx(0.09)
    pace.take(5.0)
    assert pace.wait(5.0) == pytest.approx(0.1)


def test_the_slowest_window_counts() -> None:
    pace = Pace([parse_rate("10/s"), parse_rate("60/m"), parse_rate("5/h")], connections=1)
    pace.take(0.0)
    assert pace.wait(0.0) == pytest.approx(1.0)
    assert pace.per_second(0.0) == 1.0


@pytest.mark.parametrize(("rate", "connections", "expected"), [("14/s", 4, True), ("1/s", 4, False), ("4/s", 2, True)])
def test_who_rides(rate: str, connections: int, *, expected: bool) -> None:
    assert Pace([parse_rate(rate)], connections=connections).rides(0.0) is expected


def test_batches() -> None:
    pace = Pace([], connections=1, batch_size=3, batch_pause_s=10)
    assert pace.room(0.0) == 3
    pace.begun(3)
    assert pace.room(1.0) == 0
    assert pace.batch_wait(2.0) == 10  # from the end of the last mail on
    assert pace.room(11.0) == 0
    assert pace.batch_wait(11.0) == 1
    assert pace.room(12.0) == 3
    pace.begun(2)
    pace.begun(-1)
    assert pace.room(12.0) == 2


@pytest.mark.parametrize(("size", "pause"), [(0, 10.0), (100, 0.0)])
def test_no_batches(size: int, pause: float) -> None:
    assert Pace([], connections=1, batch_size=size, batch_pause_s=pause).room(0.0) is None


def test_a_plea_halves_and_the_climb_is_step_by_step() -> None:
    brake = Brake()
    assert brake.plea(Reply(450, "4.3.2 slow down"), 0.0)
    assert (brake.level(0.0), brake.connection_level(59.9)) == (0.5, 0.5)
    assert brake.held_until == 60
    assert brake.level(60.0) == 0.625
    assert brake.level(90.0) == 0.75
    assert brake.level(120.0) == 0.875
    assert brake.level(150.0) == 1.0
    assert brake.level(10_000.0) == 1.0


def test_pleas_that_come_together_are_one() -> None:
    brake = Brake()
    assert brake.plea(Reply(421, "4.7.0 too fast"), 0.0)
    assert not brake.plea(Reply(421, "4.7.0 too fast"), 1.0)
    assert brake.level(1.0) == 0.5
    assert brake.plea(Reply(421, "4.7.0 too fast"), 6.0)
    assert brake.level(6.0) == 0.25


def test_there_is_a_lowest_level() -> None:
    brake = Brake()
    for number in range(20):
        brake.plea(Reply(421, "bye"), number * 6.0)
    assert brake.level(120.0) == 1 / 64


def test_gmails_unusual_rate() -> None:
    pace = Pace([parse_rate("10/s")], connections=8)
    plea = Reply(421, "4.7.28 unusual rate")
    assert pace.plea(plea, 100.0)
    assert not pace.plea(plea, 200.0)  # answers of mails that were under way
    assert pace.wait(100.0) == 600
    assert pace.connections(701.0) == 1
    steps = {pace.connections(700.0 + seconds) for seconds in range(0, 600, 5)}
    assert steps == set(range(1, 9))


def test_a_stop_that_is_longer_is_not_cut_short() -> None:
    brake = Brake()
    brake.plea(Reply(421, "4.7.28 unusual rate"), 0.0)
    brake.plea(Reply(450, "slow down"), 300.0)
    assert brake.stopped_until == 600
    assert brake.held_until == 660


def test_an_unlimited_run_is_slowed_by_half_of_what_it_did() -> None:
    pace = Pace([], connections=4)
    for number in range(400):
        pace.take(number / 100)  # 100 a second
    assert pace.plea(Reply(450, "slow down"), 4.0)
    assert pace.per_second(4.0) == pytest.approx(50, rel=0.05)
    assert not pace.unlimited
    pace.take(4.0)
    assert pace.wait(4.0) == pytest.approx(0.02, rel=0.05)
    for second in range(300):
        pace.take(5.0 + second)
    assert pace.unlimited


def test_an_unlimited_run_that_did_nothing_yet_is_slowed_to_a_trickle() -> None:
    pace = Pace([], connections=4)
    assert pace.plea(Reply(450, "slow down"), 0.0)
    assert pace.per_second(0.0) == 0.5


def test_too_many_connections_are_no_reason_for_a_slower_rate() -> None:
    pace = Pace([], connections=4)
    assert pace.plea(Reply(421, "4.7.0 Too many concurrent SMTP connections"), 0.0)
    assert pace.connections(0.0) == 2
    assert pace.unlimited
    limited = Pace([parse_rate("10/s")], connections=4)
    assert limited.plea(Reply(421, "too many connections"), 0.0)
    assert (limited.per_second(0.0), limited.connections(0.0)) == (10, 2)


def test_every_transient_reply_has_a_row() -> None:
    assert ROWS[-1].code.fullmatch("450")
    assert ROWS[-1].text.search("")


NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_quotas() -> None:
    rates = [parse_rate("100/h"), parse_rate("500/d"), parse_rate("5/s")]
    assert quota_room([parse_rate("5/s")], NOW, lambda _since: 10**9) is None
    assert quota_room(rates, NOW, lambda _since: 0) == 100
    assert quota_room(rates, NOW, lambda since: 450 if NOW - since > timedelta(hours=2) else 20) == 50


def test_the_quota_that_is_spent_for_longest_counts() -> None:
    rates = [parse_rate("1/h"), parse_rate("1/d")]
    found = quota_room(rates, NOW, lambda since: int(since < NOW - timedelta(minutes=30)))
    assert isinstance(found, Spent)
    assert found.rate == Rate(1, timedelta(days=1))
    assert timedelta(hours=23.4) < found.until - NOW < timedelta(hours=23.6)
    again = quota_room(list(reversed(rates)), NOW, lambda since: int(since < NOW - timedelta(minutes=30)))
    assert again == found
