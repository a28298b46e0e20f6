"""A real disk that fills up in the middle of a run, or may not be written."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger.run import Run
from newsletter_cli.ledger.store import Ledger
from newsletter_cli.problems import NotNow
from newsletter_cli.times import SystemClock
from tests.cli.test_killed import prepare
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from newsletter_cli.ledger.model import Settled
    from tests.cli.folder import Folder

PEOPLE = 300


@contextlib.contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A small disk of its own at that folder."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here (it takes root): {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def small_disk(bare: Folder) -> Iterator[Path]:
    """A disk of 32 megabytes where the ledger will be."""
    with mounted(bare.path / ".newsletter", "32m") as folder:
        yield folder


def fill_up(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@pytest.mark.parametrize("after", [1, 40])
def test_what_cannot_be_recorded_does_not_go_out(bare: Folder, small_disk: Path, after: int) -> None:
    with ScriptedServer(latency_s=0.002) as server:
        prepare(bare, server, PEOPLE)
        over = threading.Event()

        def watch() -> None:
            while len(server.mails) < after and not over.is_set():
                time.sleep(0.001)
            fill_up(small_disk)

        watcher = threading.Thread(target=watch)
        watcher.start()
        ran = bare("send", "post.md", "--list", "subs.csv")
        over.set()
        watcher.join()
        assert ran.code == 75, (ran.out, ran.err)
        assert "disk is full" in ran.err
        first = {mail.rcpt_to for mail in server.mails}
        assert after <= len(first) < PEOPLE
        # Still full: it says so at once, and nothing goes out.
        again = bare("send", "post.md", "--list", "subs.csv")
        assert again.code == 75
        assert len(server.mails) == len(first)
        (small_disk / "filler").unlink()
        last = bare("send", "post.md", "--list", "subs.csv")
        said = bare("status", "post.md", "--json").json
    counted = [mail.rcpt_to for mail in server.mails]
    assert len(counted) == len(set(counted)) == PEOPLE
    # Whose outcome could not be written any more is named, not mailed again.
    assert said["sent"] + said["unknown"] == PEOPLE
    assert said["unknown"] <= 2
    assert last.code == (4 if said["unknown"] else 0)


def test_a_ledger_is_made_whole_or_not_at_all_however_small_the_disk(tmp_path: Path) -> None:
    """Its log may fit where the file itself does not: what is left must not be taken for a ledger."""

    def opened(disk: Path) -> Ledger | None:
        return Ledger.open("sqlite:///ledger.sqlite3", folder=disk, clock=SystemClock(), identity="key", boot="boot")

    made = []
    for pages in range(8, 120, 3):
        with mounted(tmp_path / str(pages), f"{pages * 4}k") as disk:
            with contextlib.suppress(NotNow):
                ledger = opened(disk)
                assert ledger is not None
                ledger.close()
                made.append(pages)
            subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
            ledger = opened(disk)
            assert ledger is not None
            assert ledger.campaigns() == []
            ledger.close()
    assert made
    assert min(made) > 8


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The folder as on a disk that is mounted for reading; root may write anything else."""
    for options in (["--bind", str(folder), str(folder)], ["-o", "remount,bind,ro", str(folder)]):
        made = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"nothing can be mounted here (it takes root): {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("begun", [True, False])
def test_a_ledger_that_may_only_be_read_is_a_refusal(bare: Folder, *, begun: bool) -> None:
    folder = bare.path / ".newsletter"
    with ScriptedServer() as server:
        prepare(bare, server, 6)
        if begun:
            assert bare("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
        else:
            folder.mkdir()
        before, contacts = bare.read("post.md"), server.connections
        with read_only(folder):
            for command in (("send", "post.md", "--list", "subs.csv"), ("suppress", "add", "r0@example.net")):
                ran = bare(*command)
                assert ran.code == 3, ran.err
                assert ".newsletter" in ran.err
            assert bare("status").code == 0
            assert (server.connections, bare.read("post.md")) == (contacts, before)
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert sorted(server.accepted) == [f"r{n}@example.net" for n in range(6)]


def test_a_disk_that_was_full_for_a_moment_at_the_end_is_a_warning(
    letter: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything could be recorded after all: it is done, and says 0."""
    turn = Run.turn
    failed: list[Sequence[Settled]] = []
    recorded: set[int] = set()

    def full(run: Run, settled: Sequence[Settled], ids: Sequence[int], *, wait: bool = True) -> set[int] | None:
        recorded.update(one.id for one in settled)
        if len(recorded) == 5 and not failed:  # the last ones
            failed.append(settled)
            raise NotNow("the disk is full")
        return turn(run, settled, ids, wait=wait)

    monkeypatch.setattr(Run, "turn", full)
    letter.write("newsletter.toml", letter.read("newsletter.toml") + "connections = 1\n")
    ran = letter("send", "post.md", "--list", "subs.csv")
    assert failed
    assert (ran.code, ran.out) == (0, "post.md: sent 5; 5 in all\n")
    assert ran.err.startswith("warning: the disk is full")
