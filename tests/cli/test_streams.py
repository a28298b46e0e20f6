"""Standard streams that were closed, are read no more or are full: real processes, since a shell makes them so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.cli.streams import Lasting

if TYPE_CHECKING:
    from tests.cli.folder import Folder

ROOT = Path(__file__).parents[2]
SEND = "send post.md --list subs.csv"
pytestmark = pytest.mark.slow


def shell(folder: Folder, command: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in the folder, with `newsletter` for the program; the exit code is that of the program."""
    program = f'newsletter() {{ {sys.executable} -m newsletter_cli "$@"; }}; '
    return subprocess.run(
        ["bash", "-c", f"{program}{command}; exit ${{PIPESTATUS[0]}}"],
        cwd=folder.path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def long_list(letter: Folder) -> Folder:
    """A list whose check says more than a pipe holds."""
    letter.write("big.csv", "email\n" + "".join(f"not an address {n}\n" for n in range(5000)) + "a@example.net\n")
    return letter


@pytest.mark.parametrize("closed", [">&-", "2>&-", "2>&- >&-", "<&- >&- 2>&-"])
def test_a_sending_with_closed_streams_is_a_sending(letter: Folder, closed: str) -> None:
    ran = shell(letter, f"newsletter {SEND} {closed}")
    assert ran.returncode == 0, ran.stderr
    assert len(letter.mails) == 5
    assert "email_sent_at" in letter.read("post.md")


@pytest.mark.parametrize("closed", [">&-", "2>&- >&-"])
@pytest.mark.parametrize("command", ["status", "--version", "--help", "list check subs.csv"])
def test_showing_to_closed_streams_shows_nothing(letter: Folder, command: str, closed: str) -> None:
    ran = shell(letter, f"newsletter {command} {closed}")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("closed", ["", ">&-", "2>&- >&-", "2>/dev/full", "2>&1 | true", "2>/dev/full >/dev/full"])
def test_a_refusal_that_nobody_hears_is_3(letter: Folder, closed: str) -> None:
    assert shell(letter, f"newsletter check none.md --json {closed}").returncode == 2
    assert shell(letter, f"newsletter send none.md --json {closed}").returncode == 3


def test_whoever_reads_no_further_ends_what_only_shows_with_141(long_list: Folder) -> None:
    ran = shell(long_list, "newsletter list check big.csv | head -1")
    assert (ran.returncode, ran.stderr) == (141, "")
    assert ran.stdout.count("\n") == 1
    ran = shell(long_list, "newsletter --help | true")
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.parametrize("how", ["| true", "--json | true", "2>&1 | true", "--debug 2>&1 | true", "--json 2>&- | true"])
def test_a_sending_that_nobody_reads_of_ends_with_its_own_code(letter: Folder, how: str) -> None:
    ran = shell(letter, f"newsletter {SEND} {how}")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(letter.mails) == 5
    assert "email_sent_at" in letter.read("post.md")


@pytest.mark.parametrize("command", [SEND, f"{SEND} --json", "run --list subs.csv", "run --json --list subs.csv"])
def test_a_sending_whose_summary_finds_a_full_disk_ends_with_its_own_code(letter: Folder, command: str) -> None:
    letter.write("post.md", letter.read("post.md").replace("2024-01-02", "2024-01-02\nemail: true"))
    ran = shell(letter, f"newsletter {command} > /dev/full")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == "warning: standard output cannot be written: No space left on device\n"


def test_a_full_disk_under_what_only_shows_is_75(letter: Folder) -> None:
    ran = shell(letter, "newsletter status > /dev/full")
    assert ran.returncode == 75
    assert ran.stderr == "error: the disk is full; make room and run again\n"


def test_a_lasting_stream_is_silent_once_it_failed() -> None:
    told: list[OSError] = []
    with Path("/dev/full").open("w") as full:
        stream = Lasting(full, told.append)
        stream.write("a")
        stream.buffer.write(b"b")
        stream.flush()
        assert [error.errno for error in told] == [28]
        assert stream.writable()
