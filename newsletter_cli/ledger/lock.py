"""One sender at a time: a lock of the operating system on a file beside the ledger, held for the life of a process.

The kernel drops it when the process ends, however it ends; there is no timestamp to outlive anybody. The file holds
the holder's process id, for people; what it says decides nothing. It is never removed: removing it while another
process waits on it would let two in; a holder therefore looks whether it still stands. In a database server the lock
is one of the server.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli.ledger import faults, places, postgresql
from newsletter_cli.problems import NotNow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter_cli.ledger.database import Database


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held, by a descriptor of the file that stood at `place`."""

    descriptor: int
    place: Path

    def stands(self) -> bool:
        """Whether that file still stands there: else another sender would lock another one."""
        return places.mark(self.descriptor) == places.mark(self.place)


@contextmanager
def hold(path: Path) -> Iterator[Lock]:
    """Hold the sender's lock of the ledger at `path`. Raises NotNow at once where another process holds it."""
    place = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise faults.from_os(error, file=str(place), doing="the lock cannot be taken", code="ledger-lock") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise held(os.read(descriptor, 20).decode("ascii", "replace").strip()) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield Lock(descriptor, place)
    finally:
        os.close(descriptor)


@contextmanager
def sender(database: Database) -> Iterator[None]:
    """Be the one sender of a ledger. Raises NotNow where another process is."""
    if database.path is not None:
        with hold(database.path) as lock:
            database.lock_stands = lock.stands
            try:
                database.require_place()
                yield
            finally:
                database.lock_stands = None
        return
    release, holder = postgresql.lock_sender(database.engine)
    if holder:
        raise held(f"{holder} of the database server" if holder > 0 else "")
    try:
        yield
    finally:
        release()


def held(holder: str) -> NotNow:
    """What the second sender is told."""
    who = f"process {holder}" if holder else "another process"
    return NotNow(f"{who} is sending with this ledger", hint="only one may; run again when it is done")
