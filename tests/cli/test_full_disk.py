"""A real disk that fills up in the middle of a run."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger.store import Ledger
from newsletter_cli.problems import NotNow
from newsletter_cli.times import SystemClock
from tests.cli.test_killed import prepare
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
