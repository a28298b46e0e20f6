"""Feedback is recorded once, with all of its effects."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger.model import SoftBounce, SoftLimit, SuppressionReason
from tests.doubles.ledgers import DAY, begun, frozen, opened, person, post, readers, suppression

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter_cli.ledger.store import Ledger
    from tests.doubles.ledgers import StillClock


def soft(days: float = 0, campaign: int | None = None, number: int = 1) -> SoftBounce:
    return SoftBounce(person=person(number), campaign=campaign, bounced_at=DAY + timedelta(days), evidence="452 full")


def campaigns(ledger: Ledger, count: int) -> None:
    for number in range(count):
        identity = post(post_id=str(number), path=str(number), body_hash=str(number), title=str(number))
        ledger.begin("letter", identity, f"uid{number}", frozen(), readers(1, 2))


def test_a_report_read_twice_changes_nothing_the_second_time(ledger: Ledger) -> None:
    barred = suppression(person(1, "*"), reason=SuppressionReason.COMPLAINT)
    assert not ledger.bounces.seen(b"digest")
    assert ledger.bounces.record(b"digest", "Maildir", suppressions=[barred]) == [barred]
    assert ledger.bounces.seen(b"digest")
    ledger.suppressions.remove(person(1, "*"))
    assert ledger.bounces.record(b"digest", "Maildir", suppressions=[barred]) is None
    assert not ledger.suppressions.is_suppressed(person(1, "*"))


def test_a_report_that_adds_nothing_is_seen_too(ledger: Ledger) -> None:
    barred = suppression(person(1, "*"))
    ledger.suppressions.add(barred)
    assert ledger.bounces.record(b"1", "x", suppressions=[barred]) == []
    assert ledger.bounces.record(b"2", "x") == []
    assert ledger.bounces.seen(b"2")


def test_a_report_is_recorded_whole_or_not_at_all(ledger: Ledger) -> None:
    broken = SoftBounce(person=person(1), bounced_at=None)  # type: ignore[arg-type]  # what makes it break
    begun(ledger, [1])
    with pytest.raises(Exception, match=r"(?i)not.null"):
        ledger.bounces.record(b"digest", "x", suppressions=[suppression(person(2, "*"))], soft=[broken])
    assert not ledger.bounces.seen(b"digest")
    assert not ledger.suppressions.is_suppressed(person(2, "*"))


def test_soft_bounces_suppress_after_three_campaigns_over_a_week(ledger: Ledger) -> None:
    campaigns(ledger, 5)
    for number, days in ((1, 0), (2, 3), (3, 6.9)):
        assert ledger.bounces.record(bytes([number]), "m", soft=[soft(days, campaign=number)]) == []
    assert ledger.bounces.record(b"again", "m", soft=[soft(30, campaign=3)]) == [], "one a campaign counts"
    (found,) = ledger.bounces.record(b"4", "m", soft=[soft(7, campaign=4)]) or []
    assert (found.who, found.newsletter, found.reason) == (person(1, "*"), "", SuppressionReason.SOFT_BOUNCES)
    assert found.evidence == "4 of the last 5 mails came back; 452 full"
    assert found.email == "reader1@example.com"
    assert not ledger.suppressions.is_suppressed(person(2, "*"), person(2))


def test_soft_bounces_of_long_ago_do_not_count(ledger: Ledger) -> None:
    campaigns(ledger, 8)
    for number, days in ((1, 0), (2, 10), (3, 20), (8, 80)):
        assert ledger.bounces.record(bytes([number]), "m", soft=[soft(days, campaign=number)]) == []


def test_the_limit_is_a_setting(ledger: Ledger) -> None:
    campaigns(ledger, 2)
    limit = SoftLimit(count=2, campaigns=2, span=timedelta(0))
    assert ledger.bounces.record(b"1", "m", soft=[soft(0, campaign=1)], limit=limit) == []
    assert len(ledger.bounces.record(b"2", "m", soft=[soft(0, campaign=2)], limit=limit) or []) == 1


def test_without_a_campaign_it_is_the_newest(ledger: Ledger) -> None:
    campaigns(ledger, 2)
    limit = SoftLimit(count=1, campaigns=1, span=timedelta(0))
    assert len(ledger.bounces.record(b"1", "m", soft=[soft()], limit=limit) or []) == 1


def test_a_bounce_of_a_stranger_counts_nothing(ledger: Ledger) -> None:
    campaigns(ledger, 1)
    limit = SoftLimit(count=1, campaigns=1, span=timedelta(0))
    assert ledger.bounces.record(b"1", "m", soft=[soft(number=9), soft(campaign=77)], limit=limit) == []


def test_a_bookmark_stays(tmp_path: Path, clock: StillClock) -> None:
    with opened(tmp_path) as ledger:
        assert ledger.bounces.bookmark("imaps://me@host/INBOX") == ""
        ledger.bounces.set_bookmark("imaps://me@host/INBOX", "17 4711")
        ledger.bounces.set_bookmark("imaps://me@host/INBOX", "17 4712")
    with opened(tmp_path) as ledger:
        assert ledger.bounces.bookmark("imaps://me@host/INBOX") == "17 4712"
        assert ledger.bounces.bookmark("other") == ""
