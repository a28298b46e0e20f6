"""The record as text: complete, without an address, and enough to mail nobody twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger import transfer
from newsletter_cli.ledger.model import SoftBounce, SuppressionReason
from newsletter_cli.ledger.states import CampaignState, Outcome
from newsletter_cli.problems import NotNow, Refused
from tests.doubles.ledgers import (
    DAY,
    IDENTITY,
    begun,
    frozen,
    mailed,
    opened,
    person,
    post,
    reader,
    readers,
    suppression,
    told,
)

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter_cli.ledger.store import Ledger


def lived(ledger: Ledger) -> int:
    """A ledger with something of everything; gives the campaign that is not finished."""
    old = ledger.begin("letter", post(post_id="0", path="old.md", body_hash="0"), "uid0", frozen(), readers(0, 1))
    with ledger.start_run(old.id) as run:
        mailed(run, 2, code=250, queue_id="Q1", reply="250 <reader0@example.com> taken")
    ledger.finish(old.id, "stamp")
    ledger.stamped(old.id)
    ledger.adopt("other", post(), "uid9", "2020", [reader(4, "other")])
    campaign = begun(ledger, range(9))
    with ledger.start_run(campaign.id) as run:
        for outcome in (Outcome.SENT, Outcome.FAILED, Outcome.DEFERRED, Outcome.UNKNOWN):
            mailed(run, 1, outcome)
        handed, _claimed = run.claim(2)
        run.hand_over([handed.id])
        run.count_sent("me@host with blanks", 5, DAY)
    ledger.suppressions.add(
        suppression(person(8), "letter", SuppressionReason.UNSUBSCRIBE, evidence="reader8@example.com said so"),
        suppression(person(50, "*"), reason=SuppressionReason.COMPLAINT),
    )
    ledger.bounces.record(
        b"\1digest", "Maildir", soft=[SoftBounce(person=person(1), bounced_at=DAY, evidence="reader1@example.com full")]
    )
    ledger.bounces.set_bookmark("imaps://host", "17 {4711}")
    return campaign.id


def test_an_export_is_sorted_text_without_an_address(ledger: Ledger) -> None:
    lived(ledger)
    lines = list(transfer.export(ledger))
    assert lines[0] == f"newsletter-ledger 1 {ledger.ledger_id} {IDENTITY}"
    assert lines[1:] == sorted(lines[1:])
    assert lines[-1] == f"total {len(lines) - 1}"
    assert {line.split()[0] for line in lines[1:]} == {
        *("account", "bookmark", "campaign", "frozen", "recipient", "seen", "softbounce", "suppression", "total")
    }
    assert "example.com" not in "\n".join(lines)
    assert "subscribers.csv" not in "\n".join(lines)
    assert lines == list(transfer.export(ledger))


def test_only_a_campaign_that_goes_on_brings_its_post(ledger: Ledger) -> None:
    lived(ledger)
    named = {line.split()[1] for line in transfer.export(ledger) if line.startswith("frozen")}
    assert named == {"letter/uid1"}


def test_an_import_gives_the_same_ledger(ledger: Ledger, tmp_path: Path) -> None:
    unfinished = lived(ledger)
    lines = list(transfer.export(ledger))
    with opened(tmp_path / "elsewhere") as other:
        assert other.ledger_id != ledger.ledger_id
        transfer.load(other, (line + "\r\n" for line in lines), file="ledger.txt")
        assert other.ledger_id == ledger.ledger_id
        assert list(transfer.export(other)) == lines
        (campaign,) = (one for one in other.campaigns() if one.uid == "uid1")
        assert other.frozen(campaign.id) == frozen()
        assert told(ledger, unfinished) == {
            "sent": 1,
            "failed": 1,
            "deferred": 1,
            "unknown": 1,
            "handed over": 1,
            "queued": 3,
            "suppressed": 1,
        }
        assert told(other, campaign.id) == {
            "sent": 1,
            "failed": 1,
            "deferred": 1,
            "unknown": 2,
            "queued": 3,
            "suppressed": 1,
        }
        assert other.sent_since("me@host with blanks", DAY) == 5
        assert other.suppressions.is_suppressed(person(8))
        assert other.bounces.seen(b"\1digest")
    with opened(tmp_path / "elsewhere") as other:
        assert other.ledger_id == ledger.ledger_id


def test_after_an_import_nobody_is_mailed_twice(ledger: Ledger, tmp_path: Path) -> None:
    lived(ledger)
    lines = list(transfer.export(ledger))
    with opened(tmp_path / "elsewhere") as other:
        transfer.load(other, lines, file="ledger.txt")
        campaign = other.find("letter", post())
        assert campaign is not None
        assert campaign.state is CampaignState.SENDING
        with other.start_run(campaign.id) as run:
            assert run.claim(99) == [], "nobody has an address yet"
            assert other.fill(campaign.id, readers(*range(20))) == 4
            assert {claim.email for claim in run.claim(99)} == {
                "reader2@example.com",
                "reader5@example.com",
                "reader6@example.com",
                "reader7@example.com",
            }


def test_a_row_in_flight_is_exported_as_it_would_be_recovered(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        campaign = begun(ledger, range(2))
        run = ledger.start_run(campaign.id)
        handed, _ = run.claim(2)
        run.hand_over([handed.id])
        lines = list(transfer.export(ledger))
        run._hot.close()
    with opened(tmp_path / "same") as other:
        transfer.load(other, lines, file="ledger.txt")
        assert told(other, 1) == {"unknown": 1, "queued": 1}
    with opened(tmp_path, boot="boot 2") as after_a_power_cut:
        lines = list(transfer.export(after_a_power_cut))
        assert sum('"outcome":"unknown"' in line for line in lines) == 2


def test_a_sender_at_work_is_not_exported(ledger: Ledger) -> None:
    with ledger.sender_lock(), pytest.raises(NotNow, match="is sending with this ledger"):
        list(transfer.export(ledger))


def test_a_ledger_that_holds_something_is_not_imported_into(ledger: Ledger, tmp_path: Path) -> None:
    lines = list(transfer.export(ledger))
    with opened(tmp_path / "elsewhere") as other:
        other.suppressions.add(suppression(person(1)))
        with pytest.raises(Refused, match="not empty"):
            transfer.load(other, lines, file="ledger.txt")


def test_other_keys_are_refused(ledger: Ledger, tmp_path: Path) -> None:
    lines = list(transfer.export(ledger))
    with opened(tmp_path / "elsewhere", identity="f" * 16) as other, pytest.raises(Refused, match="other keys"):
        transfer.load(other, lines, file="ledger.txt")


def test_half_an_export_is_refused_wherever_it_breaks(ledger: Ledger, tmp_path: Path) -> None:
    lived(ledger)
    lines = list(transfer.export(ledger))
    with opened(tmp_path / "elsewhere") as other:
        for length in range(len(lines)):
            with pytest.raises(Refused):
                transfer.load(other, lines[:length], file="ledger.txt")
            assert other.campaigns() == []
        transfer.load(other, lines, file="ledger.txt")


@pytest.mark.parametrize(
    ("change", "place", "text"),
    [
        (lambda lines: ["something else", *lines], 1, "another format"),
        (lambda lines: ["newsletter-ledger 2 id x", *lines[1:]], 1, "another format"),
        (lambda lines: [lines[0], *lines[2:]], None, "lines were written"),
        (lambda lines: [*lines, lines[-1]], None, "a line behind the last one"),
        (lambda lines: [lines[0], "nonsense {}", *lines[1:]], 2, "no line of an export"),
        (lambda lines: [lines[0], 'recipient letter/uid7 00 {"outcome":"sent"}', *lines[1:]], 2, "uid7"),
        (lambda lines: [lines[0], "suppression zz {}", *lines[1:]], 2, "non-hexadecimal"),
        (lambda lines: [lines[0], 'suppression 00 {"reason":"x"}', *lines[1:]], 2, "since is missing"),
        (lambda lines: [lines[0], "seen {}", *lines[1:]], 2, "no line of an export"),
        (lambda lines: [lines[0], "seen 00 [1", *lines[1:]], 2, "no line of an export"),
        (lambda lines: [lines[0], "", *lines[1:]], 2, "no line of an export"),
        (lambda lines: [line.replace('"outcome":"sent"', '"outcome":"sold"') for line in lines], None, "sold"),
        (lambda lines: [line.replace('"state":"sending"', '"state":"x"') for line in lines], None, "'x'"),
        (
            lambda lines: [*lines[:-1], lines[-2], f"total {len(lines)}"],
            None,
            "stands twice",
        ),
    ],
)
def test_a_wrong_line_is_refused_by_its_number(ledger: Ledger, tmp_path: Path, change, place, text) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a table of changes
    lived(ledger)
    lines = change(list(transfer.export(ledger)))
    with opened(tmp_path / "elsewhere") as other:
        with pytest.raises(Refused, match=text) as caught:
            transfer.load(other, lines, file="ledger.txt")
        (problem,) = caught.value.problems
        assert problem.file == "ledger.txt"
        assert place is None or problem.line == place
        assert other.campaigns() == []
        assert other.ledger_id != ledger.ledger_id
