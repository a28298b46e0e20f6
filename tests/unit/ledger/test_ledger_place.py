"""A run whose ledger is moved away hands nothing over, records what was sent, and never touches another ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger import lock, recovery
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.problems import NotNow, Refused
from tests.doubles.ledgers import begun, opened, outcomes, settled, told

if TYPE_CHECKING:
    from pathlib import Path

MOVED = "the ledger was moved away while"


def test_nothing_is_claimed_or_handed_over_and_outcomes_are_recorded(tmp_path: Path) -> None:
    away = tmp_path / "away"
    with opened(tmp_path) as ledger, ledger.sender_lock():
        campaign = begun(ledger)
        with ledger.start_run(campaign.id) as run:
            first, second = run.claim(2)
            run.turn((), [first.id])
            (tmp_path / ".newsletter").rename(away)
            with pytest.raises(NotNow, match=f"{MOVED} sending"):
                run.claim(2)
            with pytest.raises(NotNow, match=MOVED):
                run.turn([settled(first, Outcome.SENT)], [second.id])
            run.turn([settled(first, Outcome.SENT)], ())
            run.put_back([second.id])
        with pytest.raises(NotNow, match=MOVED):
            ledger.require_place()
        with pytest.raises(NotNow, match=MOVED):
            ledger.counts(campaign.id)
        with pytest.raises(NotNow, match=MOVED):
            ledger.finish(campaign.id, "x")
    away.rename(tmp_path / ".newsletter")
    with opened(tmp_path) as ledger:
        assert outcomes(ledger, campaign.id) == ["sent", *["queued"] * 4]


def test_another_ledger_in_its_place_is_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path) as old, old.sender_lock():
        old_run = old.start_run(begun(old).id)
        old_run.claim(2)
        (tmp_path / ".newsletter").rename(tmp_path / "away")
        with opened(tmp_path) as new, new.sender_lock(), new.start_run(begun(new).id) as new_run:
            new_run.claim(3)
            old_run.close()
            with pytest.raises(NotNow, match=MOVED):
                old.unbegin(1)
            assert told(new, 1) == {"claimed": 3, "queued": 2}


def test_a_run_of_another_ledger_is_no_run_of_this_one(tmp_path: Path) -> None:
    with opened(tmp_path / "a") as one, opened(tmp_path / "b") as other:
        mine, foreign = one.start_run(begun(one).id), other.start_run(begun(other).id)
        mine.claim(3)
        assert mine.id != foreign.id
        with one.database.writing() as connection:
            recovery.end_run(connection, foreign.id, one._clock.now())
        assert told(one, 1) == {"claimed": 3, "queued": 2}
        mine.close()
        assert told(one, 1) == {"queued": 5}
        foreign.close()


def test_a_lock_that_was_removed_keeps_nobody_out(tmp_path: Path) -> None:
    place = tmp_path / ".newsletter/ledger.sqlite3.lock"
    with opened(tmp_path) as ledger:
        with ledger.sender_lock(), ledger.start_run(begun(ledger).id) as run:
            run.claim(1)
            place.unlink()
            place.touch()
            with pytest.raises(NotNow, match=MOVED):
                run.claim(1)
        ledger.require_place()
        with ledger.sender_lock():
            assert told(ledger, 1) == {"claimed": 1, "queued": 4}


def test_a_lock_says_whether_it_stands(tmp_path: Path) -> None:
    with lock.hold(tmp_path / "ledger") as held:
        assert held.stands()
        held.place.rename(tmp_path / "elsewhere")
        assert not held.stands()
        held.place.touch()
        assert not held.stands()


def test_a_ledger_that_is_only_read_says_so_too(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        (tmp_path / ".newsletter/ledger.sqlite3").rename(tmp_path / "away")
        with pytest.raises(NotNow, match=f"{MOVED} it was in use"):
            ledger.campaigns()


def test_before_first_is_called_once_where_somebody_is_found(tmp_path: Path) -> None:
    calls: list[str] = []
    with opened(tmp_path) as ledger:
        campaign = begun(ledger, range(4))
        with ledger.start_run(campaign.id, before_first=lambda: calls.append("x")) as run:
            assert calls == []
            ledger.withdraw(campaign.id, [row.id for row in ledger.recipients(campaign.id)][:1])
            run.claim(1)
            run.claim(1)
            assert calls == ["x"]
        ledger.withdraw(campaign.id, [row.id for row in ledger.recipients(campaign.id)])
        with ledger.start_run(campaign.id, before_first=lambda: calls.append("y")) as run:
            assert run.claim(5) == []
        assert calls == ["x"]


def test_what_before_first_raises_leaves_nobody_claimed(tmp_path: Path) -> None:
    def fail() -> None:
        raise Refused

    with opened(tmp_path) as ledger, ledger.start_run(begun(ledger).id, before_first=fail) as run:
        for _ in range(2):
            with pytest.raises(Refused):
                run.claim(2)
        assert told(ledger, 1) == {"queued": 5}
