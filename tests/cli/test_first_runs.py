"""Several first runs at once: one makes the keys, the others take them, and one sends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.config.load import load
from newsletter_cli.delivery.seams import Stop
from newsletter_cli.jobs import send as job
from newsletter_cli.jobs.desk import SendRequest
from newsletter_cli.jobs.gather import ListSource
from newsletter_cli.jobs.workspace import Workspace
from newsletter_cli.problems import NotNow
from newsletter_cli.times import SystemClock

if TYPE_CHECKING:
    from tests.cli.folder import Folder

SEND = ("send", "post.md", "--list", "subs.csv")


def workspace(folder: Folder) -> Workspace:
    settings = load(start=folder.path, config_file=None, environment={}, options={}, home=folder.path)
    return Workspace(settings=settings, clock=SystemClock())


class Meanwhile:
    """Does something once, when a sender begins to read: it has no ledger and fresh keys in memory then."""

    def __init__(self, folder: Folder, *what: str) -> None:
        self.folder, self.what, self.codes = folder, what, list[int]()

    def __call__(self, _: str) -> None:
        if not self.codes:
            self.codes.append(-1)
            self.codes[0] = self.folder(*self.what).code

    def request(self) -> SendRequest:
        return SendRequest(
            workspace=workspace(self.folder),
            post=Path("post.md"),
            lists=(ListSource("subs.csv"),),
            stop=Stop(),
            told=self,
        )


def test_keys_made_by_another_sender_meanwhile_are_taken(letter: Folder) -> None:
    meanwhile = Meanwhile(letter, *SEND)
    report = job.send(meanwhile.request())
    assert meanwhile.codes == [0]
    assert any("already sent" in line for line in report.said)
    assert letter.mailed == [f"reader{n}@example.net" for n in range(1, 6)]


def test_whom_another_command_suppressed_meanwhile_is_known_under_its_keys(letter: Folder) -> None:
    meanwhile = Meanwhile(letter, "suppress", "add", "reader3@example.net")
    report = job.send(meanwhile.request())
    assert (meanwhile.codes, report.finished) == ([0], True)
    assert letter.mailed == [f"reader{n}@example.net" for n in (1, 2, 4, 5)]


def test_a_sender_at_work_with_the_keys_is_what_the_other_one_names(letter: Folder) -> None:
    first, second = workspace(letter), workspace(letter)
    mine = second.keys_or_fresh()
    with first.open_ledger() as (ledger, kept), ledger.sender_lock(), second.open_ledger(mine) as (other, taken):
        assert taken.fingerprint == kept.fingerprint != mine.fingerprint
        with pytest.raises(NotNow, match="is sending with this ledger"), other.sender_lock():
            pass
