"""All that is printed, coloured, asked and redrawn.

Results go to standard output; problems, notices, questions and progress to standard error. Colour stands only on a
terminal, and never where NO_COLOR is set (https://no-color.org) or the terminal is a dumb one. What comes from outside
(a CSV cell, a server's reply) cannot steer the terminal: control characters are shown, not sent.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TextIO, cast

from newsletter_cli.cli import streams
from newsletter_cli.problems import NewsletterError, NotNow, Problem, Refused, Severity, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from types import FrameType

# C0 and C1 controls but tab and newline, and the marks that turn the direction of what follows (UAX #9).
_CONTROLS = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}

_RED, _YELLOW, _GREEN, _CYAN, _DIM, _BOLD = "31", "33", "32", "36", "2", "1"
_SEVERITY_COLOUR = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.NOTE: _CYAN}


def harmless(text: str) -> str:
    """The text with every control character made visible."""
    return text.translate(_CONTROLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """The three standard streams of a run, and what may be done with them.

    `drawn` are called before anything is written: each takes away what it has drawn on the terminal, which would
    otherwise be redrawn over the line.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environment: Mapping[str, str]
    drawn: list[Callable[[], None]] = field(default_factory=list)

    @classmethod
    def standard(cls, *, lasting: bool = False) -> Self:
        """The process's own streams and environment. Text that a stream's encoding lacks is escaped, never an error.

        A stream that was closed before the process began swallows all. `lasting`: what is done goes on, and ends as
        it ends, also where nobody can read of it any more.
        """
        streams.present()
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        environment = os.environ  # noqa: TID251 - the command line is where the environment comes in
        stdout, stderr = sys.stdout, sys.stderr
        if lasting:
            stderr = cast("TextIO", streams.Lasting(sys.stderr))
            stdout = cast("TextIO", streams.Lasting(sys.stdout, lambda error: _unheard(error, stderr)))
        return cls(stdin=sys.stdin, stdout=stdout, stderr=stderr, environment=environment)

    @property
    def live(self) -> bool:
        """Whether a line on standard error may be redrawn."""
        return _is_terminal(self.stderr) and self.environment.get("TERM") != "dumb"

    def coloured(self, stream: TextIO) -> bool:
        """Whether colour may stand in a stream."""
        return _is_terminal(stream) and not self.environment.get("NO_COLOR") and self.environment.get("TERM") != "dumb"

    def say(self, text: str = "") -> None:
        """A line of the result, on standard output."""
        self._line(self.stdout, harmless(text))

    def heading(self, text: str) -> None:
        """A line of the result that opens a part."""
        self._line(self.stdout, self._paint(self.stdout, harmless(text), _BOLD))

    def changed(self, line: str) -> None:
        """A line of a unified diff, in the colours that git has taught."""
        colours = {"+": _GREEN, "-": _RED, "@": _CYAN}
        colour = _BOLD if line.startswith(("+++ ", "--- ")) else colours.get(line[:1], "")
        self.stdout.write((self._paint(self.stdout, harmless(line), colour) if colour else harmless(line)) + "\n")

    def write(self, data: bytes) -> None:
        """Bytes of the result (a mail, JSON, CSV), as they are."""
        self._clear()
        self.stdout.flush()
        self.stdout.buffer.write(data)
        self.stdout.buffer.flush()

    def tell(self, text: str) -> None:
        """A notice, on standard error."""
        self._line(self.stderr, harmless(text))

    def problem(self, problem: Problem) -> None:
        """One problem as ``error: file:line: what; what to do``, on standard error."""
        mark = self._paint(self.stderr, f"{problem.severity}:", _SEVERITY_COLOUR[problem.severity])
        self._line(self.stderr, f"{mark} {harmless(str(problem))}")

    def problems(self, problems: Iterable[Problem]) -> None:
        """Several problems, in their order."""
        for problem in problems:
            self.problem(problem)

    def error(self, error: NewsletterError) -> None:
        """What ended the run."""
        match error:
            case Refused():
                self.problems(error.problems)
            case NotNow():
                self.problem(Problem(text=error.text, hint=error.hint))
            case _:
                self.problem(Problem(text=str(error)))

    def confirm(self, question: str, *, yes: bool) -> bool:
        """Whether to go on: by `--yes`, by an answer, or because nobody is there to ask (cron).

        Asked when standard input and standard error are a terminal; with neither nothing is asked; with one of the
        two, somebody may sit there and not see the question: UsageError.
        """
        if yes:
            return True
        here = (_is_terminal(self.stdin), _is_terminal(self.stderr))
        if not any(here):
            return True
        if not all(here):
            raise UsageError("only a half of this is a terminal, so nothing can be asked; give --yes to go on")
        return self._answer(question).strip().casefold() in {"y", "yes"}

    def _answer(self, question: str) -> str:
        """A line from the person; none where the terminal hung up, or a signal came meanwhile, which is passed on."""
        try:
            with _signals_cut():
                self._clear()
                self.stderr.write(f"{harmless(question)} [y/N] ")
                self.stderr.flush()
                return self.stdin.readline()
        except _Cut:
            self.stderr.write("\n")
        except OSError as error:
            if error.errno != errno.EIO:
                raise
        return ""

    def open(self, page: Path) -> bool:
        """Open a file in the person's browser, where there is a display; whether that was done."""
        return self.browse(page.resolve().as_uri())

    def browse(self, url: str) -> bool:
        """Open an address in the person's browser, where there is a display; whether that was done.

        Without a display the standard library would start a text browser in this terminal.
        """
        display = any(self.environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
        if not display and sys.platform != "darwin":
            return False
        import webbrowser

        return webbrowser.open(url)

    def _line(self, stream: TextIO, text: str) -> None:
        self._clear()
        stream.write(text + "\n")
        if stream is self.stderr:
            stream.flush()

    def _clear(self) -> None:
        for take_away in self.drawn:
            take_away()

    def _paint(self, stream: TextIO, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.coloured(stream) else text


class _Cut(Exception):
    """A signal came while somebody was asked."""


@contextmanager
def _signals_cut() -> Iterator[None]:
    """Within the block SIGINT and SIGTERM raise _Cut once their handlers have heard of it: a read goes on otherwise."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def cut(number: int, frame: FrameType | None) -> None:
        heard = before[signal.Signals(number)]
        if callable(heard):
            heard(number, frame)
        raise _Cut

    heard_by_python = {number: handler for number, handler in before.items() if callable(handler)}
    for number in heard_by_python:
        signal.signal(number, cut)
    try:
        yield
    finally:
        for number, handler in heard_by_python.items():
            signal.signal(number, handler)


def _unheard(error: OSError, stderr: TextIO) -> None:
    """Say that the result could not be written; not where the reader went away, who knows."""
    if error.errno != errno.EPIPE:
        stderr.write(f"warning: standard output cannot be written: {error.strerror or error}\n")


def _is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal; a closed or missing one is none."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False
