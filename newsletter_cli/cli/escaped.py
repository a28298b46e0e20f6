"""What to say, and with which code to end, when an exception leaves the command line.

Nothing here raises, and nothing prints a traceback: that of a fault of ours goes into a file in the temporary folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

from newsletter_cli.cli.exits import Exit, of_error
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import NewsletterError, Problem

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def answer(error: BaseException) -> Exit:
    """Tell the user what ended the run, on standard error, and give the exit code."""
    try:
        return _answer(error, Terminal.standard())
    except (BrokenPipeError, KeyboardInterrupt, ValueError):  # standard error is gone too: nobody to tell
        return Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.PIPE_CLOSED


def _answer(error: BaseException, terminal: Terminal) -> Exit:
    match error:
        case NewsletterError():
            terminal.error(error)
            return of_error(error)
        case KeyboardInterrupt():
            terminal.tell("interrupted")
            return Exit.INTERRUPTED
        case SystemExit():
            return Exit(error.code) if isinstance(error.code, int) and error.code in set(Exit) else Exit.INTERNAL
        case BrokenPipeError():
            _stop_writing()
            return Exit.PIPE_CLOSED
        case OSError() if error.errno in _DISK_FULL:
            terminal.problem(Problem(text="the disk is full; make room and run again", file=_name(error)))
            return Exit.TEMPFAIL
        case OSError() if error.filename is not None:
            terminal.problem(Problem(text=(error.strerror or str(error)).lower(), file=_name(error)))
            return Exit.REFUSED
        case _:
            terminal.tell(_fault(error))
            return Exit.INTERNAL


def _name(error: OSError) -> str | None:
    return None if error.filename is None else os.fsdecode(error.filename)


def _stop_writing() -> None:
    """Give the interpreter nothing to flush into a closed pipe when it exits (Python documentation, SIGPIPE)."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fault(error: BaseException) -> str:
    """Keep the traceback in a file and say where."""
    import tempfile
    import traceback

    from newsletter_cli import __version__

    said = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    text = f"newsletter {__version__}, Python {sys.version}\n\n" + "".join(traceback.format_exception(error))
    try:
        handle, name = tempfile.mkstemp(prefix="newsletter-fault-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return f"a fault of this program, please report it: {said}"
    return f"a fault of this program, please report it with the file {Path(name)}: {said}"
