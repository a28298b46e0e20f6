"""The table of moves."""

from __future__ import annotations

import pytest

from newsletter_cli.ledger.states import (
    CAMPAIGN_MOVES,
    IN_FLIGHT,
    MOVES,
    SETTLED,
    WAITING,
    CampaignState,
    IllegalMove,
    Outcome,
    move,
    sources,
)


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(Outcome)
    assert set(CAMPAIGN_MOVES) == set(CampaignState)
    assert set(Outcome) == WAITING | IN_FLIGHT | SETTLED


def test_what_is_settled_goes_back_to_waiting_only() -> None:
    assert {after for before in SETTLED for after in MOVES[before]} == {Outcome.QUEUED}


def test_only_a_claim_is_handed_over_and_only_what_was_handed_over_is_sent() -> None:
    assert sources(Outcome.HANDED_OVER) == (Outcome.CLAIMED,)
    assert sources(Outcome.SENT) == (Outcome.HANDED_OVER,)
    assert set(sources(Outcome.CLAIMED)) == WAITING


def test_a_move_that_is_not_in_the_table_is_a_fault() -> None:
    assert move(Outcome.QUEUED, Outcome.CLAIMED) is Outcome.CLAIMED
    with pytest.raises(IllegalMove, match="sent -> claimed"):
        move(Outcome.SENT, Outcome.CLAIMED)
    with pytest.raises(IllegalMove, match="sent -> suppressed"):
        sources(Outcome.SUPPRESSED, [Outcome.QUEUED, Outcome.SENT])


def test_sources_keep_to_those_asked_for() -> None:
    assert sources(Outcome.QUEUED, [Outcome.FAILED, Outcome.CLAIMED]) == (Outcome.CLAIMED, Outcome.FAILED)
