"""Is it the right list? A list that grew or shrank a great deal since the last send is asked about, once.

Pure. The numbers come in; the answer is a Problem or nothing.
"""

from __future__ import annotations

import re

from newsletter_cli.problems import Problem, UsageError

# Both must be passed: small lists change by a third every week, large ones by twenty every day.
_SHARE = 0.30
_ROWS = 20


def judge(before: int | None, now: int, *, expected: tuple[int, int] | None = None, file: str = "") -> Problem | None:
    """What is wrong with `now` mailable rows, where `before` were at the last send (None: there was none).

    `expected` are the least and the most that the user said; it settles the question either way.
    """
    if expected is not None:
        low, high = expected
        if low <= now <= high:
            return None
        wanted = f"{low}" if low == high else f"{low} to {high}"
        said = f"{now} would be mailed, and {wanted} were expected"
        return Problem(text=said, file=file or None, hint="look at the list, or correct --expect", code="list-expected")
    if before is None or abs(now - before) < _ROWS or abs(now - before) <= _SHARE * before:
        return None
    moved = "grew" if now > before else "shrank"
    return Problem(
        text=f"the list {moved} from {before} to {now} since the last send",
        file=file or None,
        hint=f"if it is the right one: --expect {now}",
        code="list-size",
    )


def parse_expected(text: str) -> tuple[int, int]:
    """Read ``N`` or ``N-M``. Raises UsageError."""
    match = re.fullmatch(r"\s*(\d{1,9})\s*(?:(?:-|–|\.\.)\s*(\d{1,9})\s*)?", text)
    if match is None:
        raise UsageError(f"--expect {text}: write a number or two, as in --expect 480-520")
    low, high = int(match[1]), int(match[2] or match[1])
    if low > high:
        raise UsageError(f"--expect {text}: the first number is the greater")
    return low, high
