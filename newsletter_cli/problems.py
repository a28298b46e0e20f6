"""What is wrong, as a value; and the exceptions that end a run.

A `Problem` says what, where and what to do. Rooms collect problems and return or raise them all at once; only the
command line prints them. Three things are never mixed: problems (values), the exceptions below (a run ends), and
outcomes (what happened to one recipient, `ledger.states`).

The tree of exceptions; each names the exit code that the command line gives it::

    NewsletterError
    ├── Refused        3   post, list, settings or mail not valid; nothing was sent
    ├── NotNow        75   the server is away, a lock is held, a quota is spent; run again later
    └── UsageError     2   options that do not go together
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Severity(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"  # stops a send
    WARNING = "warning"  # hurts a mail, or is probably not meant
    NOTE = "note"  # worth knowing


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: what (`text`), where (`file`, `line`), what to do (`hint`).

    `file` is the path as the user gave it; `line` is the physical line, counted from 1; both are None where the
    problem has no place. `code` is a short stable name (``image-missing``) for machines that read `check`'s output.
    """

    text: str
    file: str | None = None
    line: int | None = None
    hint: str = ""
    severity: Severity = Severity.ERROR
    code: str = ""

    @property
    def place(self) -> str:
        """``file:line``, ``file``, or nothing."""
        if self.file is None:
            return ""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        said = f"{self.place}: {self.text}" if self.place else self.text
        return f"{said}; {self.hint}" if self.hint else said

    def as_json(self) -> dict[str, str | int | None]:
        """The problem as an object of the interface."""
        return {
            "severity": self.severity.value,
            "code": self.code,
            "file": self.file,
            "line": self.line,
            "text": self.text,
            "hint": self.hint,
        }


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems that stop a send, in their order."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


class NewsletterError(Exception):
    """What ends a run and is for a person to read. Never raised itself."""


class Refused(NewsletterError):
    """Exit 3. Something given is not valid; nothing was contacted, nothing was sent."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class NotNow(NewsletterError):
    """Exit 75. What was asked cannot be done now and may be later; `until` (aware) says when, where that is known."""

    def __init__(self, text: str, *, hint: str = "", until: datetime | None = None) -> None:
        super().__init__(f"{text}; {hint}" if hint else text)
        self.text = text
        self.hint = hint
        self.until = until


class UsageError(NewsletterError):
    """Exit 2. The options given do not go together."""
