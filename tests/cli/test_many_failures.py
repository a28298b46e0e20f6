"""Failures by the thousand: all are counted, the first are named, and the ledger is asked a few times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli.delivery.events import Recorded, Revived
from newsletter_cli.jobs import carry
from newsletter_cli.ledger.model import Claim, Settled
from newsletter_cli.ledger.states import Outcome
from tests.cli.folder import POST, SETTINGS
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    import pytest

    from tests.cli.folder import Folder

PEOPLE = 8


def recorded(number: int, outcome: Outcome = Outcome.FAILED) -> Recorded:
    claim = Claim(id=number, person=b"", email="a@example.net", version="full", fields={}, tries=0, first_try_at=None)
    return Recorded(claim, Settled(id=number, outcome=outcome))


def test_the_first_are_named_the_rest_is_counted(bare: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "NAMED", 3)
    with ScriptedServer([Rule("RCPT", say="550 5.2.0 no")]) as server:
        bare.write("newsletter.toml", SETTINGS.format(port=server.port) + 'stop_at_failures = "100%"\n')
        bare.write("post.md", POST)
        bare.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(PEOPLE)))
        ran = bare("send", "post.md", "--list", "subs.csv")
    assert ran.code == 1
    assert ran.err.count(": failed") == 3
    assert f"and {PEOPLE - 3} more" in ran.err
    assert bare("status", "post.md", "--failed-csv", "-").out.count("@example.net") >= PEOPLE


def test_no_more_ids_are_kept_than_are_named() -> None:
    tally = carry.Tally(lambda _event: None)
    for number in range(carry.NAMED + 500):
        tally(recorded(number))
    assert len(tally.named[Outcome.FAILED]) == carry.NAMED
    assert tally.counts == {Outcome.FAILED: carry.NAMED + 500}
    tally(Revived(tuple(range(carry.NAMED + 100))))
    assert tally.named[Outcome.FAILED] == []
    assert tally.counts[Outcome.FAILED] == 400
