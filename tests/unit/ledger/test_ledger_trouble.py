"""What goes wrong with disks, files and keys: a clear line, never a traceback of the database."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError

from newsletter_cli.ledger import faults, places, sqlite
from newsletter_cli.ledger.hot import Statement
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.problems import NewsletterError, NotNow, Refused
from tests.doubles.ledgers import begun, mailed, opened, outcomes, person, reader, readers, settled, suppression, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.ledger.store import Ledger


def database(folder: Path) -> Path:
    return folder / ".newsletter/ledger.sqlite3"


def full(ledger: Ledger) -> None:
    """From now on the database may not grow by a page, as on a disk without room."""

    @event.listens_for(ledger.database.engine, "checkout")
    def limit(driver: sqlite3.Connection, *_: object) -> None:
        driver.execute("PRAGMA max_page_count = 1")


def test_a_disk_that_is_full_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        campaign = begun(ledger)
        full(ledger)
        with pytest.raises(NotNow, match="the disk is full: the ledger cannot record anything"):
            ledger.add(campaign.id, (reader(number) for number in range(10, 10_000)))
        with pytest.raises(NotNow, match="disk is full"):
            ledger.suppressions.add_all(suppression(person(number)) for number in range(1000))
        assert told(ledger, campaign.id) == {"queued": 5}


def test_a_run_on_a_full_disk_hands_nothing_over(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        campaign = begun(ledger, range(300))
        with ledger.start_run(campaign.id) as run:
            first, second, *_ = run.claim(300)
            run.hand_over([first.id])
            run._hot.fetch(Statement(text("PRAGMA max_page_count = 1")), ())
            with pytest.raises(NotNow, match="disk is full"):
                run.settle([settled(first, Outcome.SENT, reply="x" * 10_000)])
            assert outcomes(ledger, campaign.id)[:2] == ["handed over", "claimed"]
            assert run.hand_over([second.id]) == {second.id}, "what needs no page more is still recorded"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill_up(disk: Path) -> Path:
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return filler


def test_a_real_disk_that_fills_up(small_disk: Path) -> None:
    with opened(small_disk) as ledger:
        campaign = begun(ledger, range(200))
        with ledger.start_run(campaign.id) as run:
            mailed(run, 1)
            filler = fill_up(small_disk)
            with pytest.raises(NotNow, match="the disk is full"):
                sum(bool(mailed(run, 1, reply="x" * 40_000)) for _ in range(199))
            filler.unlink()
            assert mailed(run, 1)
        with pytest.raises(NotNow, match="the disk is full"):
            ledger.add(campaign.id, readers(*range(1000, 50_000)))
    with opened(small_disk) as ledger:
        counts = told(ledger, campaign.id)
        assert sum(counts.values()) == 200
        assert 2 <= counts["sent"] < 200


def test_no_room_for_a_new_ledger(small_disk: Path) -> None:
    fill_up(small_disk)
    with pytest.raises(NotNow, match="the disk is full"), opened(small_disk):
        pass


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"this is no database at all" * 100, id="another file"),
        pytest.param(lambda data: data[:5000], id="cut off"),
        pytest.param(lambda data: data[:100] + b"\xff" * (len(data) - 100), id="overwritten"),
        pytest.param(lambda data: b"\0" * len(data), id="zeros"),
    ],
)
@pytest.mark.parametrize("create", [True, False])
def test_a_damaged_ledger_is_refused(tmp_path: Path, damage, create: bool) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a table
    with opened(tmp_path) as ledger:
        begun(ledger, range(500))
    path = database(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Refused, match=r"is damaged|is no ledger") as caught, opened(tmp_path, create=create):
        pass
    assert caught.value.problems[0].file == str(path)
    assert caught.value.problems[0].hint


def test_damage_found_later_is_told_the_same_way(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        begun(ledger, range(3000))
    path = database(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"\xff" * (len(data) - len(data) // 2))
    with opened(tmp_path) as ledger, pytest.raises(Refused, match="is damaged"):
        list(ledger.recipients(1))


def test_keys_of_another_ledger_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    for create in (True, False):
        with (
            pytest.raises(Refused, match=r"ffff.*are not those that this ledger was begun with.*own keys"),
            opened(tmp_path, identity="ffff", create=create),
        ):
            pass
    with opened(tmp_path, identity="", create=False) as ledger:
        assert ledger.ledger_id


def test_a_folder_where_a_file_is_expected(tmp_path: Path) -> None:
    database(tmp_path).mkdir(parents=True)
    for create in (True, False):
        with pytest.raises(Refused) as caught, opened(tmp_path, create=create):
            pass
        assert caught.value.problems[0].file == str(database(tmp_path))


def test_a_file_where_a_folder_is_expected(tmp_path: Path) -> None:
    (tmp_path / ".newsletter").write_text("x")
    with pytest.raises(Refused, match=r"\.newsletter: the folder of the ledger cannot be made"), opened(tmp_path):
        pass


AS_NOBODY = """
import os, sys
from pathlib import Path
from newsletter_cli.problems import NewsletterError
from tests.doubles.ledgers import *
os.setgid(65534)
os.setuid(65534)
try:
    with opened(Path(sys.argv[1]), create=len(sys.argv) == 2) as ledger:
        print("id", ledger.ledger_id)
        ledger.writable()
except NewsletterError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may enter and read."""
    if os.getuid():
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def as_nobody(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, folder, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


def test_a_folder_that_is_not_writable(public: Path) -> None:
    said = as_nobody(public)
    assert said.startswith(f"Refused {public}/.newsletter: the folder of the ledger cannot be made: Permission denied")
    (public / ".newsletter").mkdir()
    assert as_nobody(public).startswith(f"Refused {public}/.newsletter: the folder of the ledger cannot be made")


def test_a_ledger_that_is_not_writable(public: Path) -> None:
    with opened(public) as ledger:
        begun(ledger)
        ledger_id = ledger.ledger_id
    (public / ".newsletter").chmod(0o755)
    database(public).chmod(0o644)
    assert as_nobody(public).startswith(f"Refused {database(public)}: the ledger cannot be ")
    assert as_nobody(public, "read") == (
        f"Refused {database(public)}: the ledger cannot be written; "
        "check the owner and the mode of the file and of its folder"
    )
    (public / ".newsletter").chmod(0o777)
    assert as_nobody(public).startswith(f"Refused {database(public)}: the ledger cannot be written")
    with opened(public) as ledger:
        assert ledger.ledger_id == ledger_id


def test_a_ledger_that_may_not_be_read(public: Path) -> None:
    with opened(public):
        pass
    assert as_nobody(public).startswith(f"Refused {public}/.newsletter")
    (public / ".newsletter").chmod(0o755)
    assert as_nobody(public).startswith(f"Refused {database(public)}: the ledger cannot be opened")
    assert as_nobody(public, "read").startswith(f"Refused {database(public)}: the ledger cannot be opened")


def test_a_ledger_that_is_locked_for_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_S", 0)
    with (
        opened(tmp_path) as ledger,
        opened(tmp_path) as other,
        ledger.database.writing(),
        pytest.raises(NotNow, match=r"another command is writing to the ledger; run again in a moment"),
    ):
        other.writable()


def test_a_fault_of_this_program_stays_one(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger, pytest.raises(SQLAlchemyError), ledger.database.writing() as connection:
        connection.execute(text("SELECT nonsense"))


def test_a_backup_is_a_ledger_made_while_another_writes(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        campaign = begun(ledger)
        with ledger.start_run(campaign.id) as run:
            ledger.backup(tmp_path / "copy.sqlite3")
            run.claim(1)
            ledger.backup(tmp_path / "copy.sqlite3")
        ledger_id = ledger.ledger_id
    assert {path.name for path in tmp_path.iterdir()} == {".newsletter", "copy.sqlite3"}
    assert (tmp_path / "copy.sqlite3").stat().st_mode & 0o777 == 0o600
    shutil.rmtree(tmp_path / ".newsletter")
    with opened(tmp_path, url="sqlite:///copy.sqlite3") as copy:
        assert copy.ledger_id == ledger_id
        assert outcomes(copy, campaign.id)[0] == "claimed"


def test_a_backup_that_cannot_be_written(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        with pytest.raises(Refused, match=r"nowhere/copy"):
            ledger.backup(tmp_path / "nowhere/copy")
        (tmp_path / "copy").write_text("something else")
        with pytest.raises(Refused, match="copy: there is a file already that is no copy of a ledger"):
            ledger.backup(tmp_path / "copy")
        assert (tmp_path / "copy").read_text() == "something else"
        with pytest.raises(Refused, match="there is a file already"):
            ledger.backup(database(tmp_path))


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (sqlite3.SQLITE_FULL, NotNow, "full"),
        (sqlite3.SQLITE_IOERR_WRITE, NotNow, r"reports an error \(said by SQLite\)"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, NotNow, "another command"),
        (sqlite3.SQLITE_LOCKED, NotNow, "another command"),
        (sqlite3.SQLITE_READONLY_DBMOVED, Refused, "cannot be written"),
        (sqlite3.SQLITE_PERM, Refused, "may not be opened"),
        (sqlite3.SQLITE_CANTOPEN, Refused, "cannot be opened"),
        (sqlite3.SQLITE_CORRUPT, Refused, "damaged"),
        (sqlite3.SQLITE_NOTADB, Refused, "no ledger"),
    ],
)
def test_what_a_code_of_sqlite_means(code: int, kind: type[NewsletterError], said: str) -> None:
    found = faults.from_sqlite(sqlite_error(code), file="ledger.sqlite3", free_octets=lambda: 1 << 40)
    assert isinstance(found, kind)
    with pytest.raises(kind, match=rf"^ledger\.sqlite3: .*{said}"):
        raise found


def test_an_error_of_the_disk_without_room_means_that_it_is_full() -> None:
    found = faults.from_sqlite(sqlite_error(sqlite3.SQLITE_IOERR_SHMSIZE), file="f", free_octets=lambda: 0)
    assert "full" in str(found)


def test_other_errors_are_faults_of_this_program() -> None:
    assert faults.from_sqlite(sqlite_error(sqlite3.SQLITE_CONSTRAINT), file="f", free_octets=lambda: 0) is None
    assert faults.from_sqlite(ValueError(), file="f", free_octets=lambda: 0) is None


def test_what_the_operating_system_says() -> None:
    full_disk = faults.from_os(OSError(errno.ENOSPC, "No space"), file="f", doing="x", code="c")
    assert isinstance(full_disk, NotNow)
    other = faults.from_os(OSError(errno.EACCES, "Permission denied"), file="f", doing="cannot be read", code="c")
    assert isinstance(other, Refused)
    assert str(other).startswith("f: cannot be read: Permission denied; ")


MOUNTS = r"""
/dev/vda / ext4 rw 0 0
server:/export /home nfs4 rw 0 0
/dev/vdb /home/me/local ext4 rw 0 0
//nas/a\040b /mnt/a\040b cifs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
/dev/vdc /over ext4 rw 0 0
server:/x /over nfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/ledger", ""),
        ("/home/you/ledger", "nfs4"),
        ("/home", "nfs4"),
        ("/homely/ledger", ""),
        ("/home/me/local/deep/ledger", ""),
        ("/mnt/a b/ledger", "cifs"),
        ("/mnt/ssh/ledger", "fuse.sshfs"),
        ("/over/ledger", "nfs"),
    ],
)
def test_a_network_file_system_is_told_by_its_mount(path: str, kind: str) -> None:
    assert places.network_file_system(Path(path), MOUNTS) == kind


def test_a_ledger_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x {tmp_path} nfs rw 0 0\n")
    with pytest.raises(Refused, match=r"network file system \(nfs\)"):
        places.refuse_network(tmp_path / "ledger", mounts)
    places.refuse_network(tmp_path / "ledger", tmp_path / "no such file")


def test_this_boot_has_a_name() -> None:
    assert len(places.boot_id()) == 36


def test_a_machine_that_does_not_tell_its_boot(tmp_path: Path) -> None:
    assert places.boot_id(tmp_path / "nothing") == ""


def test_a_lock_that_cannot_be_taken_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        (tmp_path / ".newsletter/ledger.sqlite3.lock").mkdir()
        with pytest.raises(Refused, match=r"ledger\.sqlite3\.lock: the lock cannot be taken"), ledger.sender_lock():
            pass
