"""Read a ledger's file without leaving a trace, and make a new one whole.

SQLite in WAL mode leaves ``-wal`` and ``-shm`` files behind even where it only reads, so a dry run beside a ledger
would change the folder. Three cases, told apart before the file is opened:

* nobody has it open and its log is empty: opened as immutable; `check` raises NotNow if somebody wrote meanwhile;
* a process has it open: read beside that process, whose files they are;
* a process died and left a log that must be read: file and log are copied into a temporary folder and opened there.

POSIX drops all of a process's locks on a file as soon as it closes any descriptor of it, so what this process itself
has open (`opened`, `closed`) is never looked at by another descriptor.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli.ledger import faults, schema, sqlite, tables
from newsletter_cli.problems import NotNow

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

# sqlite.org/walformat.html §2.3.1 and os_unix.c: locks on bytes 120 to 127 of the -shm file, and one, shared by every
# process that has the database open, on byte 128.
_SHM_LOCKS, _SHM_LOCKS_LENGTH = 120, 9
# struct flock of Linux with 64-bit offsets: type, whence, start, length, pid.
_FLOCK = "hhqqi4x"

_COPY_TRIES = 5
_open_here: dict[Path, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A ledger's file opened for reading. `check` raises NotNow where what was read may be torn."""

    engine: Engine
    check: Callable[[], None]
    close: Callable[[], None]


def opened(path: Path) -> None:
    """Note that this process has the file open for writing."""
    _open_here[path] = _open_here.get(path, 0) + 1


def closed(path: Path, engine: Engine) -> None:
    """Close an engine that `opened` was noted for."""
    engine.dispose()
    left = _open_here.pop(path, 1) - 1
    if left:
        _open_here[path] = left


def take(path: Path) -> Snapshot | None:
    """Open the file for reading without changing anything; None where there is no ledger yet."""
    try:
        if not path.exists() or path.stat().st_size == 0:
            return None
        if path in _open_here or _is_live(path):
            return _readable(sqlite.engine(path, query="mode=ro"), path)
        if _size(_beside(path, "-wal")) or _size(_beside(path, "-journal")):
            return _copied(path)
    except OSError as error:
        raise faults.from_os(error, file=str(path), doing="the ledger cannot be read", code="ledger-open") from error
    return _immutable(path)


def _readable(engine: Engine, path: Path) -> Snapshot | None:
    """The snapshot of a file that is read in place, beside whoever writes it."""
    opened(path)
    return _current(Snapshot(engine=engine, check=lambda: None, close=lambda: closed(path, engine)), path)


def _immutable(path: Path) -> Snapshot | None:
    engine = sqlite.engine(path, query="immutable=1")
    before = _mark(path)

    def check() -> None:
        if _mark(path) != before:
            raise NotNow(f"{path}: the ledger was written while it was read", hint="run again")

    return _current(Snapshot(engine=engine, check=check, close=engine.dispose), path)


def _current(found: Snapshot, path: Path) -> Snapshot | None:
    """The snapshot if its schema is the newest one; an older one is migrated in a copy. None: an empty file."""
    try:
        with found.engine.connect() as connection, connection.begin():
            current = schema.revision(connection, shown=str(path))
    except BaseException:
        found.close()
        raise
    if current == tables.REVISION:
        return found
    found.close()
    return _copied(path) if current else None


def _copied(path: Path) -> Snapshot | None:
    """The file and its log in a temporary folder, with the schema brought up to date there."""
    folder = Path(tempfile.mkdtemp(prefix="newsletter-ledger-"))
    try:
        copy = _copy(path, folder)
        writable = sqlite.engine(copy)
        try:
            with writable.connect() as connection, connection.begin():
                current = schema.revision(connection, shown=str(path))
                if current:
                    schema.bring_up_to_date(connection, shown=str(path))
        finally:
            writable.dispose()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if not current:
        shutil.rmtree(folder, ignore_errors=True)
        return None
    engine = sqlite.engine(copy, query="mode=ro")

    def close() -> None:
        engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)

    return Snapshot(engine=engine, check=lambda: None, close=close)


def _copy(path: Path, folder: Path) -> Path:
    target = folder / path.name
    endings = ("", "-wal", "-journal")
    for _ in range(_COPY_TRIES):
        before = [_mark(_beside(path, ending)) for ending in endings]
        for ending in endings:
            _beside(target, ending).unlink(missing_ok=True)
            if _beside(path, ending).exists():
                shutil.copyfile(_beside(path, ending), _beside(target, ending))
        if before == [_mark(_beside(path, ending)) for ending in endings]:
            return target
    raise NotNow(f"{path}: the ledger is being written", hint="run again in a moment")


def make_new(path: Path) -> None:
    """Make a new ledger beside `path` and give it its name once it is whole; whoever is first wins."""
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as folder:
            made = Path(folder) / path.name
            made.touch(mode=0o600)
            engine = sqlite.engine(made)
            try:
                with engine.connect() as connection, connection.begin():
                    schema.bring_up_to_date(connection, shown=str(path))
                _leave_no_log(engine, path)
            finally:
                engine.dispose()
            try:
                os.link(made, path)
            except FileExistsError:
                return
            except OSError:
                # A disk without hard links: an empty file is a ledger to be made by whoever locks it first.
                path.touch(mode=0o600)
            descriptor = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise faults.from_os(error, file=str(path), doing="the ledger cannot be made", code="ledger-open") from error


def _leave_no_log(engine: Engine, path: Path) -> None:
    """Bring all into the file itself, which goes alone. Closing does so too, but is silent where the disk is full."""
    with engine.connect() as connection:
        try:
            sqlite.driver_of(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise sqlite.explained(error, path) from error


def _is_live(path: Path) -> bool:
    """Whether another process has the file open: it holds a lock on the shared memory beside it."""
    try:
        descriptor = os.open(_beside(path, "-shm"), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _SHM_LOCKS, _SHM_LOCKS_LENGTH, 0)
        answer = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return bool(answer[0] != fcntl.F_UNLCK)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
