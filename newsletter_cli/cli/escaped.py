"""What to say, and with which code to end, when an exception leaves the command line.

Nothing here raises, and nothing prints a traceback: that of a fault of ours goes into a file in the temporary folder.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from itertools import pairwise, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli.cli.exits import Exit, of_error
from newsletter_cli.cli.streams import settle
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import NewsletterError, NotNow, Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def answer(error: BaseException, *, as_json: bool = False) -> Exit:
    """Tell the user what ended the run, on standard error, and give the exit code: that of the error, heard or not.

    With `as_json` a machine reads standard output and gets the same there, as an object of the interface.
    """
    terminal = Terminal.standard(lasting=True)
    try:
        code, problems = _judged(error)
        terminal.problems(problems)
        if as_json and problems:
            from newsletter_cli.jobs.report import JSON_VERSION

            told = [problem.as_json() for problem in problems]
            messages = [str(problem) for problem in problems]
            line = {"version": JSON_VERSION, "problems": told, "messages": messages, "exit_code": code}
            terminal.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
        elif code is Exit.INTERRUPTED:
            terminal.tell("interrupted")
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    settle(sys.stdout)
    settle(sys.stderr)
    return code


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON on standard output."""
    given = list(takewhile(lambda one: one != "--", arguments))
    return "--json" in given or "--format=json" in given or ("--format", "json") in pairwise(given)


def _judged(error: BaseException) -> tuple[Exit, tuple[Problem, ...]]:
    """The exit code, and what to say."""
    match error:
        case Refused():
            return Exit.REFUSED, error.problems
        case NotNow():
            return Exit.TEMPFAIL, (Problem(text=error.text, hint=error.hint),)
        case NewsletterError():
            return of_error(error), (Problem(text=str(error)),)
        case KeyboardInterrupt():
            return Exit.INTERRUPTED, ()
        case SystemExit():
            return Exit(error.code) if isinstance(error.code, int) and error.code in set(Exit) else Exit.INTERNAL, ()
        case BrokenPipeError():
            return Exit.PIPE_CLOSED, ()
        case OSError() if error.errno in _DISK_FULL:
            return Exit.TEMPFAIL, (Problem(text="the disk is full; make room and run again", file=_name(error)),)
        case OSError() if error.filename is not None:
            return Exit.REFUSED, (Problem(text=(error.strerror or str(error)).lower(), file=_name(error)),)
        case _:
            return Exit.INTERNAL, (Problem(text=_fault(error)),)


def _name(error: OSError) -> str | None:
    return None if error.filename is None else os.fsdecode(error.filename)


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
