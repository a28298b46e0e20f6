"""Two processes with one ledger: one sender, no lost write, a lock that ends with its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.problems import NotNow
from tests.doubles.ledgers import begun, opened, person, post, suppression, told

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def another(program: str, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A second process, waited for until it says that it is ready."""
    head = (
        "import os, sys\nfrom pathlib import Path\nfrom tests.doubles.ledgers import *\n"
        "from newsletter_cli.ledger.states import CampaignState\nfolder = Path(sys.argv[1])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", head + program, folder, *arguments],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


LOCK = """
with opened(folder) as ledger, ledger.sender_lock():
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_one_sender_at_a_time_and_the_second_is_told_who(tmp_path: Path) -> None:
    with another(LOCK, tmp_path) as process, opened(tmp_path) as ledger:
        with pytest.raises(NotNow, match=f"process {process.pid} is sending with this ledger"), ledger.sender_lock():
            pass
        ledger.writable()
        ledger.suppressions.add(suppression(person(1)))
        assert ledger.campaigns() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_ends_with_its_holder_however_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    with another(LOCK, tmp_path) as process, opened(tmp_path) as ledger:
        process.send_signal(number)
        process.wait()
        with ledger.sender_lock():
            assert (tmp_path / ".newsletter/ledger.sqlite3.lock").read_text() == f"{os.getpid()}\n"


def test_one_process_is_one_sender_too(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        with ledger.sender_lock(), pytest.raises(NotNow), ledger.sender_lock():
            pass
        with ledger.sender_lock():
            pass


def test_a_second_name_of_the_folder_is_the_same_lock(tmp_path: Path) -> None:
    real, alias = tmp_path / "real", tmp_path / "alias"
    real.mkdir()
    alias.symlink_to(real)
    with another(LOCK, real), opened(alias) as ledger, pytest.raises(NotNow), ledger.sender_lock():
        pass


def test_four_processes_make_one_ledger(tmp_path: Path) -> None:
    program = """
print("ready", flush=True)
sys.stdin.readline()
with opened(folder) as ledger:
    ledger.writable()
    print(ledger.ledger_id, flush=True)
    sys.stdin.read()
"""
    with (
        another(program, tmp_path) as one,
        another(program, tmp_path) as two,
        another(program, tmp_path) as three,
        another(program, tmp_path) as four,
    ):
        processes = (one, two, three, four)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        assert len({process.stdout.readline() for process in processes if process.stdout is not None}) == 1
    with opened(tmp_path) as ledger:
        assert ledger.ledger_id
    assert [path.name for path in (tmp_path / ".newsletter").iterdir() if path.name.startswith(".new-")] == []


def test_writers_of_two_processes_wait_for_each_other(tmp_path: Path) -> None:
    program = """
with opened(folder) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(200):
        ledger.suppressions.add(suppression(person(number, sys.argv[2])))
    print("done", flush=True)
"""
    with another(program, tmp_path, "a") as one, another(program, tmp_path, "b") as two:
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process in (one, two):
            assert process.stdout is not None
            assert process.stdout.readline() == "done\n"
    with opened(tmp_path) as ledger:
        assert ledger.suppressions.count() == 400


def test_a_suppression_of_another_process_stops_a_running_sender(tmp_path: Path) -> None:
    program = """
with opened(folder) as ledger:
    ledger.suppressions.add(suppression(person(1), "letter"))
    ledger.set_state(1, CampaignState.PAUSED)
    print("ready", flush=True)
"""
    with opened(tmp_path) as ledger, ledger.sender_lock():
        campaign = begun(ledger)
        with ledger.start_run(campaign.id) as run:
            claims = run.claim(3)
            with another(program, tmp_path):
                pass
            assert run.state() == "paused"
            assert run.hand_over([claim.id for claim in claims]) == {claims[0].id, claims[2].id}
            assert told(ledger, campaign.id) == {"handed over": 2, "suppressed": 1, "queued": 2}


def test_a_sender_killed_while_it_queues_leaves_no_campaign(tmp_path: Path) -> None:
    program = """
def endless():
    for number in range(10**9):
        if number == 50_000:
            print("ready", flush=True)
        yield reader(number)
with opened(folder) as ledger:
    ledger.begin("letter", post(), "uid1", frozen(), endless())
"""
    with another(program, tmp_path) as process:
        process.kill()
        process.wait()
    with opened(tmp_path) as ledger:
        assert ledger.campaigns() == []
        assert ledger.find("letter", post()) is None
        begun(ledger)
        assert told(ledger, 1) == {"queued": 5}
