"""What changed in a post since it was frozen at its first mail (interface, promise 7). Pure.

The two lines that the program itself writes do not count, nor do line ends.
"""

from __future__ import annotations

import difflib
import re

from newsletter_cli import files

_OWN_LINE = re.compile(r"^\s*[\"']?email_(?:started|sent)_at[\"']?\s*[:=]")
_SHOWN_LINES = 20


def differences(frozen: bytes, now: bytes) -> tuple[str, ...]:
    """Unified diff lines between the frozen post and the present one; empty where readers would see the same."""
    before, after = _lines(frozen), _lines(now)
    if before == after:
        return ()
    found = list(difflib.unified_diff(before, after, "as it was sent", "as it is now", lineterm="", n=0))
    if len(found) > _SHOWN_LINES:
        found[_SHOWN_LINES:] = [f"… and {len(found) - _SHOWN_LINES} more lines"]
    return tuple(found)


def _lines(data: bytes) -> list[str]:
    """The lines that count. A head that holds nothing but the program's own line is no head."""
    lines = [line for line in files.decode(data).text.splitlines() if not _OWN_LINE.match(line)]
    return lines[2:] if lines[:2] in (["---", "---"], ["+++", "+++"]) else lines
