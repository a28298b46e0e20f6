"""Who is never mailed: kept, listed, removed by hand only; and what is forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.ledger.model import SuppressionReason
from newsletter_cli.ledger.states import Outcome
from tests.doubles.ledgers import (
    DAY,
    URL,
    begun,
    frozen,
    mailed,
    opened,
    outcomes,
    person,
    post,
    reader,
    suppression,
)

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter_cli.ledger.store import Ledger


def test_the_first_suppression_stays_as_it_was_recorded(ledger: Ledger) -> None:
    first = suppression(person(1, "*"), reason=SuppressionReason.HARD_BOUNCE, evidence="550")
    assert ledger.suppressions.add(first) == 1
    assert ledger.suppressions.add(suppression(person(1, "*"), since=DAY + timedelta(1)), first) == 0
    assert list(ledger.suppressions.list()) == [first]
    assert ledger.suppressions.count() == 1


def test_one_is_asked_for_by_both_names(ledger: Ledger) -> None:
    by_letter = suppression(person(1), "letter", SuppressionReason.UNSUBSCRIBE)
    ledger.suppressions.add(by_letter)
    assert ledger.suppressions.get(person(1), person(1, "*")) == by_letter
    assert ledger.suppressions.is_suppressed(person(1, "*"), person(1))
    assert not ledger.suppressions.is_suppressed(person(1, "*"), person(2))
    assert ledger.suppressions.get(person(1, "*")) is None


def test_an_unsubscribe_holds_for_one_newsletter(ledger: Ledger) -> None:
    ledger.suppressions.add(suppression(person(1), "letter", SuppressionReason.UNSUBSCRIBE))
    letter = begun(ledger, [1])
    other = ledger.begin("other", post(), "uid2", frozen(), [reader(1, "other")])
    assert (outcomes(ledger, letter.id), outcomes(ledger, other.id)) == (["suppressed"], ["queued"])


def test_the_list_is_in_order_of_time_and_may_be_one_newsletters(ledger: Ledger) -> None:
    late = suppression(person(1), "letter", since=DAY + timedelta(1))
    early = suppression(person(2, "*"))
    foreign = suppression(person(3), "other", since=DAY - timedelta(1))
    ledger.suppressions.add(late, early, foreign)
    assert list(ledger.suppressions.list()) == [foreign, early, late]
    assert list(ledger.suppressions.list("letter")) == [early, late]


def test_many_are_found_among_many(ledger: Ledger) -> None:
    suppressed = {person(number) for number in range(0, 3000, 7)}
    assert ledger.suppressions.add_all(suppression(who, "letter") for who in suppressed) == len(suppressed)
    everybody = [person(number) for number in range(3000)]
    assert list(ledger.suppressions.among(iter(everybody))) == [who for who in everybody if who in suppressed]


def test_only_removing_ends_it(ledger: Ledger) -> None:
    ledger.suppressions.add(
        suppression(person(1), "letter", SuppressionReason.UNSUBSCRIBE), suppression(person(1, "*"))
    )
    assert ledger.suppressions.remove(person(1), reason=SuppressionReason.MANUAL) == 0
    assert ledger.suppressions.remove(person(1), after=DAY + timedelta(1)) == 0
    assert ledger.suppressions.remove(person(1), reason=SuppressionReason.UNSUBSCRIBE, after=DAY) == 1
    assert ledger.suppressions.remove(person(1), person(1, "*")) == 1
    assert ledger.suppressions.count() == 0


def test_removing_sends_nothing_by_itself(ledger: Ledger) -> None:
    campaign = begun(ledger, [1])
    ledger.suppressions.add(suppression(person(1), "letter"))
    ledger.suppressions.remove(person(1))
    assert outcomes(ledger, campaign.id) == ["suppressed"]


def test_suppressing_reaches_a_paused_and_a_single_campaign(ledger: Ledger) -> None:
    from newsletter_cli.ledger.states import CampaignState

    paused = begun(ledger, [1, 2])
    ledger.set_state(paused.id, CampaignState.PAUSED)
    single = ledger.begin(
        "letter",
        post(post_id="2", path="b", body_hash="b", title="B"),
        "uid2",
        frozen(),
        [reader(1)],
        state=CampaignState.SINGLE,
    )
    ledger.suppressions.add(suppression(person(1, "*")))
    assert outcomes(ledger, paused.id) == ["suppressed", "queued"]
    assert outcomes(ledger, single.id) == ["suppressed"]


def test_forgetting_leaves_a_hash_that_stays_suppressed(ledger: Ledger, tmp_path: Path) -> None:
    secret = "forgetme"
    gone: dict[str, Any] = {"email": f"{secret}@example.com", "fields": {"first_name": secret}, "file": f"{secret}.csv"}
    first = ledger.begin("letter", post(), "uid1", frozen(), [reader(0), reader(1, **gone), reader(2)])
    other = ledger.begin("other", post(), "uid2", frozen(), [reader(1, "other", **gone)])
    ledger.suppressions.add(
        suppression(person(1, "third"), "third", email=gone["email"], evidence=f"<{secret}@example.com>: unknown")
    )
    with ledger.start_run(first.id) as run:
        mailed(run, 1)
        mailed(run, 1, reply=f"250 {secret} ok", queue_id=secret)
    (found,) = (row for row in ledger.recipients(first.id) if row.email.startswith(secret))
    assert found.outcome is Outcome.SENT

    assert ledger.forget(lambda newsletter: person(1, newsletter), person(1, "*")) == 2
    rows = [row for _, row in ledger.history(lambda newsletter: person(1, newsletter))]
    assert [(row.outcome, row.email, row.fields, row.file, row.reply, row.queue_id) for row in rows] == [
        (Outcome.SENT, "", {}, "", "", ""),
        (Outcome.SUPPRESSED, "", {}, "", "", ""),
    ]
    assert [row.email for row in ledger.recipients(first.id)][::2] == ["reader0@example.com", "reader2@example.com"]
    assert ledger.suppressions.is_suppressed(person(1, "*"))
    assert {(one.email, one.evidence) for one in ledger.suppressions.list()} == {("", "")}
    for path in (tmp_path / ".newsletter").glob("*"):
        assert secret.encode() not in path.read_bytes(), f"{path.name} still holds it"
    assert ledger.suppressions.add(suppression(person(1, "*"), email="again")) == 0
    assert outcomes(ledger, other.id) == ["suppressed"]


def test_a_list_that_still_names_them_brings_no_forgotten_address_back(ledger: Ledger) -> None:
    ledger.forget(lambda newsletter: person(1, newsletter), person(1, "*"))
    campaign = begun(ledger, [0, 1])
    rows = {row.person: row for row in ledger.recipients(campaign.id)}
    assert (rows[person(1)].outcome, rows[person(1)].email, rows[person(1)].file) == (Outcome.SUPPRESSED, "", "")
    assert rows[person(0)].email == "reader0@example.com"
    ledger.add(campaign.id, [reader(1), reader(2)])
    assert [row.email for row in ledger.recipients(campaign.id)] == ["reader0@example.com", "", "reader2@example.com"]
    adopted = ledger.adopt("letter", post(post_id="9", path="z", body_hash="z"), "uid9", "2026-01-02", [reader(1)])
    assert [(row.outcome, row.email) for row in ledger.recipients(adopted.id)] == [(Outcome.SENT, "")]


def test_somebody_unknown_can_be_forgotten_beforehand(ledger: Ledger) -> None:
    assert ledger.forget(lambda newsletter: person(1, newsletter), person(1, "*")) == 0
    campaign = begun(ledger, [1])
    assert outcomes(ledger, campaign.id) == ["suppressed"]


def test_a_suppression_outlives_everything(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.suppressions.add(suppression(person(1, "*")))
    with opened(tmp_path, url=URL) as ledger:
        assert ledger.suppressions.is_suppressed(person(1, "*"))


@pytest.mark.parametrize("reason", list(SuppressionReason))
def test_every_reason_is_kept(ledger: Ledger, reason: SuppressionReason) -> None:
    ledger.suppressions.add(suppression(person(1), "letter", reason))
    found = ledger.suppressions.get(person(1))
    assert found is not None
    assert found.reason is reason
