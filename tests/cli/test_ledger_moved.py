"""The ledger moved away, removed or replaced while a sender is at work: it stops, says so, and touches no other one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger.store import Ledger
from newsletter_cli.problems import Problem, Refused
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.folder import Folder

PEOPLE = 300
SEND = ("send", "post.md", "--list", "subs.csv")
POST = "---\ntitle: Hello\npost_id: 7.moved\n---\nHello\n"
SETTINGS = """\
[newsletter]
id = "letter"
name = "The Letter"
from = "letter@example.com"
postal_address = "1 Main St"
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = 2
"""
# Mails past their 354 when the ledger went: at most one a connection, and one that rides behind it.
IN_HAND = 4


def prepare(folder: Folder, server: ScriptedServer) -> None:
    folder.write("newsletter.toml", SETTINGS.format(port=server.port))
    folder.write("post.md", POST)
    folder.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(PEOPLE)))


def begun(folder: Folder, server: ScriptedServer, mails: int) -> subprocess.Popen[str]:
    """A sender in a process of its own, that has sent so many."""
    process = subprocess.Popen(
        [sys.executable, "-m", "newsletter_cli", *SEND],
        cwd=folder.path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while len(server.mails) < mails:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return process


def move(folder: Path) -> None:
    (folder / ".newsletter").rename(folder / "elsewhere")


def remove_lock(folder: Path) -> None:
    (folder / ".newsletter/ledger.sqlite3.lock").unlink()


def put_back(folder: Path) -> None:
    (folder / "elsewhere").rename(folder / ".newsletter")


@pytest.mark.parametrize(("happens", "undo"), [(move, put_back), (remove_lock, lambda _: None)])
def test_the_sender_stops_and_says_how_many_were_sent(
    bare: Folder, happens: Callable[[Path], None], undo: Callable[[Path], None]
) -> None:
    with ScriptedServer(latency_s=0.005) as server:
        prepare(bare, server)
        process = begun(bare, server, 20)
        happens(bare.path)
        before = len(server.mails)
        _, said = process.communicate(timeout=20)
        had = len(server.mails)
        assert process.returncode == 75, said
        assert had <= before + IN_HAND
        assert "the ledger was moved away while sending" in said
        assert f"{had} mails of this run had been sent" in said
        undo(bare.path)
        again = bare(*SEND)
        assert again.code == 0, again.err
    assert Counter(mail.rcpt_to for mail in server.mails) == {f"r{n}@example.net": 1 for n in range(PEOPLE)}


def test_a_new_ledger_in_its_place_is_not_touched(bare: Folder) -> None:
    """`rm -rf .newsletter; git reset --hard; newsletter send`, while a sender is at work."""
    with ScriptedServer(latency_s=0.005) as server:
        prepare(bare, server)
        first = begun(bare, server, 20)
        shutil.rmtree(bare.path / ".newsletter")
        bare.write("post.md", POST)
        before = len(server.mails)
        second = begun(bare, server, before + IN_HAND + 1)
        _, said = first.communicate(timeout=20)
        assert first.returncode == 75, said
        assert "the ledger was moved away while sending" in said
        _, errors = second.communicate(timeout=60)
        assert second.returncode == 0, errors
    assert len(server.mails) <= before + IN_HAND + PEOPLE
    told = bare("status", "post.md", "--json").json
    assert (told["sent"], told["left"], told["unknown"]) == (PEOPLE, 0, 0)


@pytest.mark.parametrize(("call", "code"), [("start_run", 3), ("counts", 75)])
def test_a_ledger_that_fails_when_mails_are_out_is_no_refusal(
    letter: Folder, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Refused(Problem(text="the ledger is damaged", file="ledger.sqlite3"))

    monkeypatch.setattr(Ledger, call, fail)
    ran = letter(*SEND)
    assert ran.code == code
    assert "the ledger is damaged" in ran.err
    assert ("5 mails of this run had been sent" in ran.err) == (code == 75) == (len(letter.mailed) == 5)
