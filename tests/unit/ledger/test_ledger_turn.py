"""A turn of the loop as one transaction, and a disk that is waited for without holding anybody up."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger import sqlite
from newsletter_cli.ledger.states import CampaignState, Outcome
from newsletter_cli.problems import NotNow, Refused
from tests.doubles.ledgers import URL, begun, opened, outcomes, person, settled, suppression

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter_cli.ledger.store import Ledger
    from tests.doubles.ledgers import StillClock


PLACE = URL.removeprefix("sqlite:///")


@pytest.fixture
def on_disk(tmp_path: Path, clock: StillClock) -> Iterator[Ledger]:
    with opened(tmp_path, clock=clock) as ledger:
        yield ledger


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """SQLite's log beside the ledger."""
    return tmp_path / f"{PLACE}-wal"


@pytest.fixture
def other(tmp_path: Path, on_disk: Ledger) -> Iterator[sqlite3.Connection]:
    """Another process's connection; it waits for nobody."""
    with closing(sqlite3.connect(tmp_path / PLACE, isolation_level=None, timeout=0)) as driver:
        yield driver


def test_outcomes_and_hand_overs_are_one(ledger: Ledger) -> None:
    campaign = begun(ledger, range(3))
    with ledger.start_run(campaign.id) as run:
        first, second, _ = run.claim(3)
        assert run.turn((), [first.id]) == {first.id}
        assert run.turn([settled(first, Outcome.SENT, code=250)], [second.id]) == {second.id}
        assert outcomes(ledger, campaign.id) == ["sent", "handed over", "claimed"]


def test_who_was_suppressed_meanwhile_takes_nobody_with_him(ledger: Ledger) -> None:
    campaign = begun(ledger, range(3))
    with ledger.start_run(campaign.id) as run:
        first, second, third = run.claim(3)
        run.turn((), [first.id])
        ledger.suppressions.add(suppression(person(1, "*")))
        assert run.turn([settled(first, Outcome.SENT)], [second.id, third.id], wait=False) is None
        assert outcomes(ledger, campaign.id) == ["handed over", "suppressed", "claimed"]
        assert run.turn([settled(first, Outcome.SENT)], [second.id, third.id]) == {third.id}
        assert outcomes(ledger, campaign.id) == ["sent", "suppressed", "handed over"]


def test_a_turn_that_may_not_wait_does_nothing_where_another_writes(on_disk: Ledger, other: sqlite3.Connection) -> None:
    campaign = begun(on_disk, range(2))
    with on_disk.start_run(campaign.id) as run:
        first, _ = run.claim(2)
        other.execute("BEGIN IMMEDIATE")
        assert run.turn((), [first.id], wait=False) is None
        assert run.state() is CampaignState.SENDING, "who reads waits for nobody"
        other.execute("ROLLBACK")
        assert outcomes(on_disk, campaign.id) == ["claimed"] * 2
        assert run.turn((), [first.id], wait=False) == {first.id}


def test_a_claim_is_on_the_disk_before_it_is_given(
    on_disk: Ledger, other: sqlite3.Connection, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = begun(on_disk, range(2))
    seen: list[int] = []
    with on_disk.start_run(campaign.id) as run:

        def sync(opened_log: int) -> None:
            os.fsync(opened_log)
            # It is committed, and whoever wants to write may.
            (claimed,) = other.execute("SELECT count(*) FROM recipients WHERE outcome = 'claimed'").fetchone()
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
            assert os.fstat(opened_log).st_ino == log.stat().st_ino
            seen.append(claimed)

        monkeypatch.setattr(sqlite, "_to_disk", sync)
        claims = run.claim(1)
        assert seen == [1]
        run.turn((), [claims[0].id])
        run.turn([settled(claims[0], Outcome.SENT)], ())
        assert seen == [1], "hand-overs and outcomes do not wait for the disk"


def test_a_claim_that_may_not_wait(on_disk: Ledger, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = begun(on_disk, range(4))
    synced: list[int] = []
    monkeypatch.setattr(sqlite, "_to_disk", synced.append)
    asked: list[str] = []
    with on_disk.start_run(campaign.id, before_first=lambda: asked.append("first")) as run:
        assert run.claim_at_once(1) is None, "who is asked before the first claim may take long"
        assert not asked
        run.claim(1)
        assert len(synced) == len(asked) == 1
        other.execute("BEGIN IMMEDIATE")
        assert run.claim_at_once(2) is None
        other.execute("ROLLBACK")
        assert outcomes(on_disk, campaign.id) == ["claimed", *["queued"] * 3]
        assert [claim.id for claim in run.claim_at_once(2) or ()] == [2, 3]
        assert len(synced) == 1
        run.firm()
        assert len(synced) == 2


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, NotNow), (errno.EIO, Refused)])
def test_a_claim_that_does_not_reach_the_disk_is_not_given(
    on_disk: Ledger, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    campaign = begun(on_disk, range(2))

    def sync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    run = on_disk.start_run(campaign.id)
    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "_to_disk", sync)
        with pytest.raises(kind):
            run.claim(2)
    run.close()
    assert outcomes(on_disk, campaign.id) == ["queued"] * 2


def test_the_log_of_a_long_run_begins_anew(on_disk: Ledger, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_CHECKPOINT_PAGES", 50)
    campaign = begun(on_disk, range(600))
    with on_disk.start_run(campaign.id) as run:
        sizes = []
        while claims := run.claim(4):
            for claim in claims:
                run.turn((), [claim.id])
                run.turn([settled(claim, Outcome.SENT)], ())
            hot = run._hot
            assert isinstance(hot, sqlite.SqliteHot)
            if hot._checkpointing:
                hot._checkpointing.join()
            sizes.append(log.stat().st_size)
    assert sizes[-1] == sizes[len(sizes) // 2], "it has stopped growing"
