"""What a failing database means to a person: driver errors become Refused or NotNow, never a traceback.

Pure but for the free space it is told. A fault of this program (a broken constraint, wrong SQL) stays what it is.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

from newsletter_cli.problems import NewsletterError, NotNow, Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

_FULL = "the disk is full: the ledger cannot record anything"
_FULL_HINT = "nothing goes out that cannot be recorded; make room and run again"

# sqlite.org/rescode.html; the low eight bits of an extended code are its primary code.
_REFUSED: dict[int, tuple[str, str, str]] = {
    sqlite3.SQLITE_READONLY: (
        "the ledger cannot be written",
        "check the owner and the mode of the file and of its folder",
        "ledger-readonly",
    ),
    sqlite3.SQLITE_PERM: (
        "the ledger may not be opened",
        "check the owner and the mode of the file and of its folder",
        "ledger-readonly",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the ledger cannot be opened",
        "check that its folder exists and is writable",
        "ledger-open",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "the ledger is damaged",
        "restore a copy made by `newsletter ledger backup`, or begin anew with `newsletter ledger import`",
        "ledger-damaged",
    ),
    sqlite3.SQLITE_NOTADB: (
        "this file is no ledger",
        "restore a copy made by `newsletter ledger backup`, or set [ledger] url to another path",
        "ledger-damaged",
    ),
}
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


def from_sqlite(error: BaseException, *, file: str, free_octets: Callable[[], int]) -> NewsletterError | None:
    """Say what an error of the sqlite3 driver means; None where it is a fault of this program.

    `free_octets` tells the room left on the disk: a full disk shows itself as an input/output error too.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and free_octets() < 1_000_000):
        return NotNow(f"{file}: {_FULL}", hint=_FULL_HINT)
    if primary == sqlite3.SQLITE_IOERR:
        return NotNow(f"{file}: the disk reports an error ({error})", hint="look at the disk, then run again")
    if primary in _BUSY:
        return NotNow(f"{file}: another command is writing to the ledger", hint="run again in a moment")
    if primary in _REFUSED:
        text, hint, name = _REFUSED[primary]
        return Refused(Problem(text=text, file=file, hint=hint, code=name))
    return None


def moved(shown: str, *, sending: bool) -> NotNow:
    """Say that another file, or none, stands where the ledger `shown` was opened."""
    return NotNow(
        f"the ledger was moved away while {'sending' if sending else 'it was in use'}",
        hint=f"put {shown} back before anything is sent again: it alone knows who has had a mail",
    )


def from_os(error: OSError, *, file: str, doing: str, code: str) -> NewsletterError:
    """Say what an error of the operating system means while `doing` something to `file`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NotNow(f"{file}: {_FULL}", hint=_FULL_HINT)
    return Refused(
        Problem(
            text=f"{doing}: {error.strerror or error}",
            file=file,
            hint="check the owner and the mode, or set [ledger] url to another place",
            code=code,
        )
    )


def from_server(error: BaseException, *, shown: str) -> NewsletterError:
    """Say that the database server behind `shown` (a URL without its password) is away or went away."""
    first = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return NotNow(f"{shown}: the ledger's database cannot be used ({first})", hint="look at the server, then run again")
