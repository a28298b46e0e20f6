"""A run: claims, hand-overs and outcomes, and what others may do meanwhile."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger import sqlite
from newsletter_cli.ledger.states import CampaignState, IllegalMove, Outcome
from newsletter_cli.problems import NotNow
from tests.doubles.ledgers import (
    DAY,
    begun,
    frozen,
    mailed,
    opened,
    outcomes,
    person,
    post,
    reader,
    readers,
    settled,
    suppression,
    told,
)

if TYPE_CHECKING:
    from newsletter_cli.ledger.store import Ledger
    from tests.doubles.ledgers import StillClock


def test_claims_come_in_list_order_with_all_a_mail_needs(ledger: Ledger) -> None:
    campaign = ledger.begin("letter", post(), "u", frozen(), [reader(3, fields={"a": "é"}), reader(1), reader(2)])
    with ledger.start_run(campaign.id) as run:
        first, second = run.claim(2)
        assert (first.email, first.person, first.version, first.fields) == (
            "reader3@example.com",
            person(3),
            "full",
            {"a": "é"},
        )
        assert (first.tries, first.run_tries, first.first_try_at) == (0, 0, None)
        assert second.email == "reader1@example.com"
        assert [claim.email for claim in run.claim(64)] == ["reader2@example.com"]
        assert run.claim(64) == []
        assert outcomes(ledger, campaign.id) == ["claimed"] * 3


def test_an_outcome_keeps_what_the_server_said(ledger: Ledger, clock: StillClock) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        (claim,) = run.claim(1)
        clock.pass_by(seconds=5)
        run.hand_over([claim.id])
        (row,) = ledger.recipients(campaign.id)
        assert (row.outcome, row.updated_at) == (Outcome.HANDED_OVER, clock.now())
        run.settle([settled(claim, Outcome.SENT, code=250, reply="250 ok", queue_id="Q", stage="dot")])
    (row,) = ledger.recipients(campaign.id)
    assert (row.outcome, row.code, row.reply, row.queue_id, row.stage) == (Outcome.SENT, 250, "250 ok", "Q", "dot")
    assert (row.tries, row.first_try_at, row.next_try_at) == (1, clock.now(), None)


def test_a_deferred_recipient_is_due_at_its_time(ledger: Ledger, clock: StillClock) -> None:
    campaign = begun(ledger, [1, 2])
    with ledger.start_run(campaign.id) as run:
        again = clock.now() + timedelta(minutes=5)
        mailed(run, 1, Outcome.DEFERRED, code=451, next_try_at=again)
        assert run.next_try_at() == again
        assert run.waiting() == 2
        assert [claim.email for claim in run.claim(9)] == ["reader2@example.com"]
        clock.pass_by(minutes=5)
        (claim,) = run.claim(9)
        assert (claim.email, claim.tries, claim.run_tries, claim.first_try_at) == ("reader1@example.com", 1, 1, DAY)
        assert run.next_try_at() is None
        assert run.waiting() == 0


def test_the_deferred_go_before_the_queued(ledger: Ledger) -> None:
    campaign = begun(ledger, range(4))
    with ledger.start_run(campaign.id) as run:
        mailed(run, 2, Outcome.DEFERRED, next_try_at=DAY)
        assert [claim.id for claim in run.claim(3)] == [1, 2, 3]


def test_what_this_run_gave_up_waits_for_the_next_one(ledger: Ledger, clock: StillClock) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1, Outcome.DEFERRED, code=450)
        clock.pass_by(days=1)
        assert run.claim(9) == []
        assert run.next_try_at() is None
        assert run.waiting() == 1
    with ledger.start_run(campaign.id) as run:
        (claim,) = run.claim(9)
        assert (claim.tries, claim.run_tries) == (1, 0)


def test_a_try_that_does_not_count_is_not_counted(ledger: Ledger) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1, Outcome.DEFERRED, next_try_at=DAY, counts_as_try=False)
        (claim,) = run.claim(1)
        assert (claim.tries, claim.run_tries, claim.first_try_at) == (0, 0, None)


def test_a_claim_that_is_put_back_waits_as_before(ledger: Ledger) -> None:
    campaign = begun(ledger, range(3))
    with ledger.start_run(campaign.id) as run:
        claims = run.claim(2)
        run.put_back([claim.id for claim in claims])
        assert outcomes(ledger, campaign.id) == ["queued"] * 3
        assert run.claim(2) == claims


def test_the_accounts_fault_is_nobodys(ledger: Ledger) -> None:
    campaign = begun(ledger, range(4))
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1, Outcome.FAILED, code=550)
        mailed(run, 1, Outcome.DEFERRED, code=451)
        handed, claimed = run.claim(2)
        run.hand_over([handed.id])
        run.put_back([1, 2, handed.id, claimed.id])
        assert told(ledger, campaign.id) == {"queued": 4}
        assert run.next_try_at() is None


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.UNKNOWN])
def test_what_may_have_arrived_is_never_put_back(ledger: Ledger, outcome: Outcome) -> None:
    campaign = begun(ledger, range(2))
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1, outcome)
        (other,) = run.claim(1)
        with pytest.raises(IllegalMove, match=f"{outcome.value} -> queued"):
            run.put_back([other.id, 1])
        assert outcomes(ledger, campaign.id) == [outcome.value, "claimed"], "all of a call or nothing of it"


@pytest.mark.parametrize("after", [Outcome.SENT, Outcome.UNKNOWN])
def test_nothing_is_known_of_a_mail_that_was_not_handed_over(ledger: Ledger, after: Outcome) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        (claim,) = run.claim(1)
        with pytest.raises(IllegalMove, match=f"claimed -> {after.value}"):
            run.settle([settled(claim, after)])
        assert outcomes(ledger, campaign.id) == ["claimed"]


@pytest.mark.parametrize("outcome", [Outcome.QUEUED, Outcome.CLAIMED, Outcome.HANDED_OVER, Outcome.WITHDRAWN])
def test_a_run_settles_with_outcomes_only(ledger: Ledger, outcome: Outcome) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        (claim,) = run.claim(1)
        with pytest.raises(IllegalMove, match=f"cannot be settled as {outcome.value}"):
            run.settle([settled(claim, outcome)])


def test_what_is_settled_is_settled_once(ledger: Ledger) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        (claim,) = mailed(run, 1)
        with pytest.raises(IllegalMove, match="sent -> failed"):
            run.settle([settled(claim, Outcome.FAILED)])
        assert run.hand_over([claim.id]) == set()
        assert outcomes(ledger, campaign.id) == ["sent"]


def test_a_mail_is_handed_over_once(ledger: Ledger) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        (claim,) = run.claim(1)
        assert run.hand_over([]) == set()
        assert run.hand_over([claim.id]) == {claim.id}
        assert run.hand_over([claim.id]) == set()


def test_a_run_moves_only_what_it_claimed(ledger: Ledger) -> None:
    campaign = begun(ledger, range(2))
    with ledger.start_run(campaign.id) as first:
        (claim,) = first.claim(1)
        with ledger.start_run(campaign.id) as second:  # as after a lock that was lost
            (again, other) = second.claim(2)
            assert again.id == claim.id
            assert first.hand_over([claim.id, other.id]) == set()
            first.settle([settled(claim, Outcome.FAILED)])
            first.put_back([claim.id])
            assert second.hand_over([again.id]) == {again.id}
    assert outcomes(ledger, campaign.id) == ["handed over", "queued"]


@pytest.mark.parametrize(("who", "newsletter"), [(person(1), "letter"), (person(1, "*"), "")])
def test_a_suppression_holds_for_what_is_not_yet_handed_over(ledger: Ledger, who: bytes, newsletter: str) -> None:
    campaign = begun(ledger, range(3))
    with ledger.start_run(campaign.id) as run:
        claims = run.claim(3)
        ledger.suppressions.add(suppression(who, newsletter))
        assert outcomes(ledger, campaign.id) == ["claimed", "suppressed", "claimed"]
        assert run.hand_over([claim.id for claim in claims]) == {claims[0].id, claims[2].id}
        run.settle([settled(claim, Outcome.FAILED) for claim in claims])
    assert outcomes(ledger, campaign.id) == ["failed", "suppressed", "failed"]


def test_a_suppression_leaves_a_mail_that_is_handed_over_and_stops_its_next_try(ledger: Ledger) -> None:
    campaign = begun(ledger, range(4))
    with ledger.start_run(campaign.id) as run:
        sent, deferred, back, claimed = run.claim(4)
        run.hand_over([sent.id, deferred.id, back.id])
        ledger.suppressions.add(*(suppression(person(number), "letter") for number in range(4)))
        assert outcomes(ledger, campaign.id) == ["handed over"] * 3 + ["suppressed"]
        run.settle([settled(sent, Outcome.SENT), settled(deferred, Outcome.DEFERRED, next_try_at=DAY)])
        run.put_back([back.id, claimed.id])
    assert outcomes(ledger, campaign.id) == ["sent", "suppressed", "suppressed", "suppressed"]


def test_a_cancelled_campaign_takes_back_what_would_wait_again(ledger: Ledger) -> None:
    campaign = begun(ledger, range(4))
    with ledger.start_run(campaign.id) as run:
        deferred, back, claimed = run.claim(3)
        run.hand_over([deferred.id, back.id])
        assert ledger.cancel(campaign.id) == 2
        assert run.hand_over([claimed.id]) == set()
        run.settle([settled(deferred, Outcome.DEFERRED, next_try_at=DAY)])
        run.put_back([back.id, claimed.id])
        assert run.state() is CampaignState.CANCELLED
    assert outcomes(ledger, campaign.id) == ["cancelled"] * 4


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.HELD])
def test_nobody_is_claimed_while_a_campaign_is_paused(ledger: Ledger, state: CampaignState) -> None:
    campaign = begun(ledger, range(3))
    with ledger.start_run(campaign.id) as run:
        (claim,) = run.claim(1)
        ledger.set_state(campaign.id, state)
        assert run.state() is state
        assert run.claim(9) == []
        assert run.hand_over([claim.id]) == {claim.id}
        ledger.set_state(campaign.id, CampaignState.SENDING)
        assert len(run.claim(9)) == 2


def test_what_a_run_still_claims_at_its_end_waits_again(ledger: Ledger) -> None:
    campaign = begun(ledger, range(3))
    run = ledger.start_run(campaign.id)
    handed, *_ = run.claim(2)
    run.hand_over([handed.id])
    run.close()
    run.close()
    assert outcomes(ledger, campaign.id) == ["handed over", "queued", "queued"]


def test_a_run_for_one_person_takes_nobody_else(ledger: Ledger) -> None:
    campaign = ledger.begin("letter", post(), "uid1", frozen(), readers(0, 1, 2), state=CampaignState.SINGLE)
    with ledger.start_run(campaign.id, only=person(1)) as run:
        (claim,) = run.claim(9)
        assert claim.person == person(1)
        run.hand_over([claim.id])
        run.settle([settled(claim, Outcome.DEFERRED)])
        assert run.claim(9) == []
    with ledger.start_run(campaign.id, only=person(1)) as run:
        assert [claim.id for claim in run.claim(1)] == [claim.id]
        assert run.claim(1) == []
    with ledger.start_run(campaign.id, only=person(9)) as run:
        assert run.claim(9) == []


def test_who_has_no_address_yet_is_not_claimed(ledger: Ledger) -> None:
    campaign = ledger.begin("letter", post(), "uid1", frozen(), [reader(0, email=""), reader(1)])
    with ledger.start_run(campaign.id) as run:
        assert [claim.email for claim in run.claim(9)] == ["reader1@example.com"]
        assert ledger.fill(campaign.id, [reader(0, line=7), reader(1, email="other@example.com"), reader(5)]) == 1
        assert [claim.email for claim in run.claim(9)] == ["reader0@example.com"]
    assert [(row.email, row.line) for row in ledger.recipients(campaign.id)] == [
        ("reader0@example.com", 7),
        ("reader1@example.com", 3),
    ]


def test_an_account_is_counted_over_campaigns_and_ledgers_openings(
    ledger: Ledger, clock: StillClock, tmp_path: Path
) -> None:
    campaign = begun(ledger)
    with ledger.start_run(campaign.id) as run:
        run.count_sent("me@host", 3, clock.now())
        run.count_sent("me@host", 4, clock.now())
        run.count_sent("other", 9, clock.now())
        clock.pass_by(hours=1)
        run.count_sent("me@host", 1, clock.now())
        assert run.sent_since("me@host", DAY) == 8
        assert run.sent_since("me@host", clock.now()) == 1
        assert run.sent_since("nobody", DAY) == 0
    assert ledger.sent_since("me@host", DAY) == 8
    assert ledger.sent_since("me@host", DAY + timedelta(minutes=2)) == 1


def test_a_count_is_never_too_low_within_any_window(ledger: Ledger, clock: StillClock) -> None:
    campaign = begun(ledger)
    sent_at = []
    with ledger.start_run(campaign.id) as run:
        for seconds in (0, 59, 1, 61, 30, 300, 1):
            clock.pass_by(seconds=seconds)
            run.count_sent("a", 1, clock.now())
            sent_at.append(clock.now())
        for window in range(0, 500, 7):
            since = clock.now() - timedelta(seconds=window)
            true = sum(at > since for at in sent_at)
            longer = sum(at > since - timedelta(minutes=1) for at in sent_at)
            assert true <= run.sent_since("a", since) <= longer


def test_outcomes_and_hand_overs_are_one_turn(ledger: Ledger) -> None:
    campaign = begun(ledger, range(4))
    with ledger.start_run(campaign.id) as run:
        first, second, third, fourth = run.claim(4)
        assert run.turn((), [first.id, second.id]) == {first.id, second.id}
        ledger.suppressions.add(suppression(person(2), "letter"))
        done = [settled(first, Outcome.SENT), settled(second, Outcome.DEFERRED, next_try_at=DAY)]
        assert run.turn(done, [third.id, fourth.id]) == {fourth.id}
        assert outcomes(ledger, campaign.id) == ["sent", "deferred", "suppressed", "handed over"]


def test_a_turn_that_may_not_wait_does_nothing_where_another_writes(ledger: Ledger) -> None:
    campaign = begun(ledger, range(2))
    with ledger.start_run(campaign.id) as run:
        first, second = run.claim(2)
        run.hand_over([first.id])
        with ledger.database.writing():
            assert run.turn([settled(first, Outcome.SENT)], [second.id], wait=False) is None
        assert outcomes(ledger, campaign.id) == ["handed over", "claimed"]
        assert run.turn([settled(first, Outcome.SENT)], [second.id]) == {second.id}
        assert outcomes(ledger, campaign.id) == ["sent", "handed over"]


def test_a_turn_that_may_not_wait_is_not_tried_row_by_row(ledger: Ledger) -> None:
    campaign = begun(ledger, range(2))
    with ledger.start_run(campaign.id) as run:
        claims = run.claim(2)
        ledger.suppressions.add(suppression(person(1), "letter"))
        assert run.turn((), [claim.id for claim in claims], wait=False) is None
        assert outcomes(ledger, campaign.id) == ["claimed", "suppressed"]


def test_a_claim_is_on_the_disk_before_it_is_given(
    tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def to_disk(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(sqlite, "_to_disk", to_disk)
    with opened(tmp_path, clock=clock) as ledger:
        campaign = begun(ledger, range(3))
        with ledger.start_run(campaign.id) as run:
            (claim,) = run.claim(1)
            assert synced == [f"{tmp_path}/.newsletter/ledger.sqlite3-wal"]
            run.hand_over([claim.id])
            run.settle([settled(claim, Outcome.SENT)])
            assert len(synced) == 1, "these survive a SIGKILL, and recovery knows of power cuts"
            run.claim(1)
            assert len(synced) == 2


def test_a_claim_that_does_not_reach_the_disk_is_not_given(
    tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_disk(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with opened(tmp_path, clock=clock) as ledger:
        campaign = begun(ledger, range(3))
        with ledger.start_run(campaign.id) as run:
            monkeypatch.setattr(sqlite, "_to_disk", to_disk)
            with pytest.raises(NotNow, match="the disk is full"):
                run.claim(2)
        assert told(ledger, campaign.id) == {"queued": 3}
