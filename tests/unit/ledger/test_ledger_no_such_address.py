"""The server says that there is no such address: barred everywhere at once, and let go where it is not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli.ledger.model import SuppressionReason
from newsletter_cli.ledger.states import CampaignState, Outcome
from tests.doubles.ledgers import (
    DAY,
    begun,
    frozen,
    outcomes,
    person,
    post,
    reader,
    readers,
    settled,
    suppression,
)

if TYPE_CHECKING:
    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.ledger.store import Ledger
    from tests.doubles.ledgers import StillClock


def held_beside(ledger: Ledger, *numbers: int) -> Campaign:
    """Another campaign of the newsletter, in which these readers wait."""
    held = ledger.begin(
        "letter", post(post_id="2", path="b", body_hash="b", title="B"), "uid3", frozen(), readers(*numbers)
    )
    ledger.set_state(held.id, CampaignState.HELD)
    return held


def test_no_such_address_suppresses_everywhere_at_once(ledger: Ledger) -> None:
    campaign = begun(ledger, range(2))
    other = ledger.begin("other", post(), "uid2", frozen(), [reader(0, "other"), reader(1, "other")])
    held = held_beside(ledger, 1, 0)
    with ledger.start_run(campaign.id) as run:
        claims = run.claim(2)
        run.hand_over([claim.id for claim in claims])
        run.suppress(claims[0], "550 5.1.1 no such user")
        run.settle([settled(claims[0], Outcome.FAILED, code=550), settled(claims[1], Outcome.SENT)])
        run.suppress(claims[0], "again")
    assert outcomes(ledger, campaign.id) == ["failed", "sent"]
    assert outcomes(ledger, other.id) == ["suppressed", "queued"]
    assert outcomes(ledger, held.id) == ["queued", "suppressed"]
    (found,) = ledger.suppressions.list()
    assert (found.who, found.newsletter, found.email) == (person(0, "*"), "", "reader0@example.com")
    assert (found.reason, found.source, found.evidence, found.since) == (
        SuppressionReason.HARD_BOUNCE,
        "smtp",
        "550 5.1.1 no such user",
        DAY,
    )
    assert ledger.requeue(campaign.id, [Outcome.FAILED]) == 0


def test_what_a_confused_server_barred_is_let_go(ledger: Ledger, clock: StillClock) -> None:
    campaign = begun(ledger, range(3))
    held = held_beside(ledger, 0, 1, 2)
    with ledger.start_run(campaign.id) as run:
        claims = run.claim(3)
        run.hand_over([claim.id for claim in claims])
        for claim in claims:
            clock.pass_by(seconds=1)
            run.suppress(claim, "550 5.1.1 no such user")
        run.settle([settled(claim, Outcome.FAILED, code=550) for claim in claims])
        assert outcomes(ledger, held.id) == ["suppressed"] * 3
        clock.pass_by(seconds=1)
        run.put_back([claims[0].id, claims[1].id])
        assert outcomes(ledger, campaign.id) == ["queued", "queued", "failed"]
    assert outcomes(ledger, held.id) == ["queued", "queued", "suppressed"]
    assert [one.who for one in ledger.suppressions.list()] == [person(2, "*")]


def test_what_others_barred_is_not_let_go(ledger: Ledger) -> None:
    campaign = begun(ledger, range(2))
    with ledger.start_run(campaign.id) as run:
        first, second = run.claim(2)
        run.hand_over([first.id, second.id])
        ledger.suppressions.add(suppression(person(0, "*")))
        run.suppress(first, "550 5.1.1 no such user")
        run.suppress(second, "550 5.1.1 no such user")
        run.settle([settled(first, Outcome.FAILED, code=550), settled(second, Outcome.FAILED, code=550)])
        run.put_back([first.id, second.id])
    assert outcomes(ledger, campaign.id) == ["suppressed", "queued"]
    assert [one.who for one in ledger.suppressions.list()] == [person(0, "*")]


def test_who_says_no_meanwhile_is_not_let_go(ledger: Ledger, clock: StillClock) -> None:
    campaign = begun(ledger, range(3))
    held = held_beside(ledger, 0, 1, 2)
    with ledger.start_run(campaign.id) as run:
        claims = run.claim(3)
        run.hand_over([claim.id for claim in claims])
        for claim in claims:
            run.suppress(claim, "550 5.1.1 no such user")
        run.settle([settled(claim, Outcome.FAILED, code=550) for claim in claims])
        clock.pass_by(seconds=1)
        ledger.suppressions.add(suppression(person(0, "*"), reason=SuppressionReason.COMPLAINT))
        ledger.suppressions.add(suppression(person(1), "letter", SuppressionReason.UNSUBSCRIBE))
        run.put_back([claim.id for claim in claims])
    assert outcomes(ledger, campaign.id) == ["suppressed", "suppressed", "queued"]
    assert outcomes(ledger, held.id) == ["suppressed", "suppressed", "queued"]
    assert {one.reason for one in ledger.suppressions.list()} == {
        SuppressionReason.COMPLAINT,
        SuppressionReason.UNSUBSCRIBE,
    }
