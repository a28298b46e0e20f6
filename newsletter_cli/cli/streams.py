"""The standard streams as a process may find them: closed before it began, a pipe that nobody reads, a full disk.

`present` gives a stream where there is none. `Lasting` is for what must end as it ends whether or not anybody can
read of it: once a write fails, that stream is silent, and nothing raises.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable


def present() -> None:
    """Put a stream that swallows all in the place of each standard stream that was closed (``>&-``): it is None then.

    Opened in order, each gets the lowest free number, its own, so that no file or socket opened later becomes 1 or 2.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process


def settle(stream: TextIO | None) -> bool:
    """Write what a stream still holds; whether that went well.

    Where it did not, what is left goes nowhere: the interpreter would write it once more when it exits, and end with a
    code of its own, 120.
    """
    if stream is None:
        return True
    try:
        stream.flush()
    except (OSError, ValueError):
        silence(stream)
        return False
    return True


def silence(stream: TextIO) -> None:
    """Let all that is written to a stream from now on go nowhere (Python documentation, SIGPIPE)."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
        stream.flush()


class Lasting:
    """A text stream, or the bytes below one, whose failing stops nobody. Everything else is the stream's own."""

    def __init__(self, stream: Any, failed: Callable[[OSError], None] = lambda _: None) -> None:
        self._stream = stream
        self._failed = failed
        self._lost = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def buffer(self) -> Lasting:
        """The bytes below."""
        return Lasting(self._stream.buffer, self._lose)

    def write(self, given: str | bytes) -> int:
        """Write at once, so that a failure is known here and not when the process ends."""
        if not self._lost:
            try:
                self._stream.write(given)
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._lose(error)
        return len(given)

    def flush(self) -> None:
        """Nothing is held back."""

    def _lose(self, error: OSError | ValueError) -> None:
        self._lost = True
        silence(self._stream)
        self._failed(error if isinstance(error, OSError) else OSError(str(error)))
