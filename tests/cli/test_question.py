"""What ends a question besides an answer: Ctrl-C, SIGTERM, a terminal that hangs up. Nobody is mailed then."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.folder import Folder

SEND = ("send", "post.md", "--list", "subs.csv")


@contextmanager
def asking() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A sender on a terminal of its own that has asked its question, and the other end of that terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "newsletter_cli", *SEND],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        seen = b""
        while b"[y/N]" not in seen:
            seen += os.read(ours, 4096)
        yield process, ours
    finally:
        process.kill()
        process.wait()


def rest(ours: int) -> bytes:
    """What the terminal shows until nobody has it open."""
    seen = b""
    try:
        while more := os.read(ours, 4096):
            seen += more
    except OSError:  # Linux says EIO then
        pass
    os.close(ours)
    return seen


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_question(letter: Folder, number: int, code: int) -> None:
    with asking() as (process, ours):
        process.send_signal(number)
        said = rest(ours)
        assert process.wait() == code
    assert b"not sent: interrupted" in said
    assert letter.mails == []
    assert letter("status").out == "nothing was sent from here yet\n"


def test_a_terminal_that_hangs_up_is_no_yes(letter: Folder) -> None:
    with asking() as (process, ours):
        os.close(ours)
        assert process.wait() == 3
    assert letter.mails == []
