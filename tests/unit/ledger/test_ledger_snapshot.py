"""A ledger opened for reading: no file appears or changes, and what a killed run left is read all the same."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from newsletter_cli.ledger import snapshot
from newsletter_cli.ledger.store import Ledger
from newsletter_cli.problems import NotNow, Refused
from tests.doubles.ledgers import IDENTITY, URL, StillClock, begun, opened, outcomes, person, post, suppression, told

if TYPE_CHECKING:
    from pathlib import Path


def files(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file with its times and content."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def in_another_process(folder: Path, program: str, *, code: int = 0) -> None:
    head = "import os, sys, signal\nfrom pathlib import Path\nfrom tests.doubles.ledgers import *\n"
    done = subprocess.run([sys.executable, "-c", head + program, folder], check=False)
    assert done.returncode == code


KILLED = """
with opened(Path(sys.argv[1])) as ledger:
    campaign = begun(ledger)
    ledger.start_run(campaign.id).claim(2)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def nothing(folder: Path) -> Ledger | None:
    return Ledger.open(URL, folder=folder, clock=StillClock(), identity=IDENTITY, create=False)


def test_where_there_is_no_ledger_none_appears(tmp_path: Path) -> None:
    assert nothing(tmp_path) is None
    assert nothing(tmp_path / "not even a folder") is None
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / ".newsletter/ledger.sqlite3"
    path.parent.mkdir()
    path.touch()
    assert nothing(tmp_path) is None
    assert path.read_bytes() == b""
    with opened(tmp_path) as ledger:
        assert ledger.campaigns() == []


def test_reading_a_closed_ledger_leaves_no_trace(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        begun(ledger)
        ledger_id = ledger.ledger_id
    before = files(tmp_path)
    with opened(tmp_path, create=False) as ledger:
        assert ledger.ledger_id == ledger_id
        assert told(ledger, 1) == {"queued": 5}
        assert ledger.find("letter", post()) is not None
        assert files(tmp_path) == before
    assert files(tmp_path) == before


def test_what_a_killed_run_left_in_the_log_is_read_and_stays(tmp_path: Path) -> None:
    in_another_process(tmp_path, KILLED, code=-signal.SIGKILL)
    before = files(tmp_path)
    assert len(before[".newsletter/ledger.sqlite3-wal"][2]) > 0
    with opened(tmp_path, create=False) as ledger:
        assert outcomes(ledger, 1) == ["claimed", "claimed", "queued", "queued", "queued"]
        assert files(tmp_path) == before
    assert files(tmp_path) == before


def test_the_copy_of_a_log_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    in_another_process(tmp_path, KILLED, code=-signal.SIGKILL)
    with opened(tmp_path, create=False):
        (copy,) = place.iterdir()
        assert copy.stat().st_mode & 0o777 == 0o700
    assert list(place.iterdir()) == []


def test_a_ledger_is_read_beside_a_process_that_writes_it(tmp_path: Path) -> None:
    program = """
with opened(Path(sys.argv[1])) as ledger:
    begun(ledger)
    print("ready", flush=True)
    sys.stdin.readline()
    ledger.suppressions.add(suppression(person(1), "letter"))
    print("done", flush=True)
    sys.stdin.readline()
"""
    head = "import sys\nfrom pathlib import Path\nfrom tests.doubles.ledgers import *\n"
    with subprocess.Popen(
        [sys.executable, "-c", head + program, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        present = set(files(tmp_path))
        with opened(tmp_path, create=False) as ledger, opened(tmp_path, create=False) as second:
            assert told(ledger, 1) == {"queued": 5}
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"
            assert told(ledger, 1) == told(second, 1) == {"queued": 4, "suppressed": 1}
        assert set(files(tmp_path)) == present
        process.stdin.write("\n")


def test_a_ledger_is_read_beside_this_process_too(tmp_path: Path) -> None:
    with opened(tmp_path) as writing:
        campaign = begun(writing)
        with opened(tmp_path, create=False) as reading:
            writing.suppressions.add(suppression(person(1), "letter"))
            assert told(reading, campaign.id) == {"queued": 4, "suppressed": 1}
        # Had reading dropped this process's locks, another process would now take the log for its own.
        in_another_process(
            tmp_path, 'with opened(Path(sys.argv[1])) as ledger: ledger.suppressions.add(suppression(b"x"))\n'
        )
        writing.suppressions.add(suppression(person(2), "letter"))
        assert writing.suppressions.count() == 3


def test_a_ledger_for_reading_is_not_written(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        begun(ledger)
    for prepare in ("", KILLED.replace("begun(ledger)", "ledger.campaign(1)")):
        if prepare:
            in_another_process(tmp_path, prepare, code=-signal.SIGKILL)
        with opened(tmp_path, create=False) as ledger:
            with pytest.raises(Refused, match="cannot be written"):
                ledger.suppressions.add(suppression(person(1)))
            with pytest.raises(Refused, match="cannot be written"):
                ledger.cancel(1)


def test_a_reader_learns_that_the_file_changed_under_it(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        begun(ledger)
    with opened(tmp_path, create=False) as reading:
        assert told(reading, 1) == {"queued": 5}
        in_another_process(
            tmp_path, 'with opened(Path(sys.argv[1])) as ledger: ledger.suppressions.add(suppression(b"x"))\n'
        )
        with pytest.raises(NotNow, match="was written while it was read; run again"):
            reading.counts(1)


def test_an_older_schema_is_read_in_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day a second revision exists, an old ledger must be readable without being changed."""
    from newsletter_cli.ledger import schema, tables

    with opened(tmp_path) as ledger:
        begun(ledger)
    before = files(tmp_path)

    def migrate(connection, target="head"):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - stands for one
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '0002'"))

    monkeypatch.setattr(tables, "REVISION", "0002")
    monkeypatch.setattr(schema, "migrate", migrate)
    with opened(tmp_path, create=False) as ledger:
        assert told(ledger, 1) == {"queued": 5}
    assert files(tmp_path) == before
    with opened(tmp_path) as ledger:
        assert told(ledger, 1) == {"queued": 5}
    assert files(tmp_path) != before


def test_a_ledger_that_never_rests_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_another_process(tmp_path, KILLED, code=-signal.SIGKILL)
    numbers = itertools.count()
    monkeypatch.setattr(snapshot, "_mark", lambda _: (next(numbers), 0, 0))
    with pytest.raises(NotNow, match="the ledger is being written"):
        nothing(tmp_path)


def test_a_ledger_killed_while_it_was_made_is_none(tmp_path: Path) -> None:
    program = """
import sqlite3
path = Path(sys.argv[1]) / ".newsletter/ledger.sqlite3"
path.parent.mkdir()
connection = sqlite3.connect(path, isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA wal_autocheckpoint = 0")
connection.execute("CREATE TABLE x (y)")
connection.execute("DROP TABLE x")
os.kill(os.getpid(), signal.SIGKILL)
"""
    in_another_process(tmp_path, program, code=-signal.SIGKILL)
    before = files(tmp_path)
    assert before[".newsletter/ledger.sqlite3-wal"][2]
    assert nothing(tmp_path) is None
    assert files(tmp_path) == before
    with opened(tmp_path) as ledger:
        assert ledger.ledger_id
    database = tmp_path / ".newsletter/ledger.sqlite3"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM about")
    assert nothing(tmp_path) is None, "its tables stand, its name does not yet"


def test_a_disk_without_hard_links_holds_a_ledger_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    with opened(tmp_path) as ledger:
        begun(ledger)
    with opened(tmp_path) as ledger:
        assert told(ledger, 1) == {"queued": 5}
    assert (tmp_path / ".newsletter/ledger.sqlite3").stat().st_mode & 0o777 == 0o600


def test_of_two_that_make_a_ledger_the_first_wins(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger_id = ledger.ledger_id
    path = tmp_path / ".newsletter/ledger.sqlite3"
    snapshot.make_new(path)
    with opened(tmp_path) as ledger:
        assert ledger.ledger_id == ledger_id
    assert [found.name for found in path.parent.iterdir() if found.name.startswith(".new-")] == []
