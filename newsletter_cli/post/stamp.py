"""Write into a post that its mailing began or is done: one line added or replaced, every other byte as it was.

`started` and `sent` are pure, bytes to bytes, for any front matter, encoding and line ends that `read` takes. `write`
puts an edit into the file. The value of a line that is already there is replaced where it stands.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter_cli import files, times
from newsletter_cli.post.head import SENT, STARTED, Head, Kind, Mark, find, marks
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

# A person saves a file now and then, not ten times within the milliseconds between two tries.
_TRIES = 10
# A line of its own: not an item of a list, not behind a bracket.
_WHOLE_LINE = re.compile(r"""\s*["']?email""", re.IGNORECASE)
_INDENTED_KEY = re.compile(r"""([ \t]*)(?:[^\s#\-&!%]|-\S)""")


def started(data: bytes, *, instant: datetime, ledger: str) -> bytes:
    """The post with ``email_started_at: TIME LEDGER-ID``; unchanged where it says that it was sent.

    Raises Refused where no line can be added, or the bytes are no text throughout.
    """
    return _stamped(data, STARTED, f"{times.stamp(instant)} {ledger}")


def sent(data: bytes, *, instant: datetime) -> bytes:
    """The post with ``email_sent_at: TIME`` in place of the line that said it was begun, else added.

    Unchanged where it says already when it was sent. Raises Refused as `started` does.
    """
    return _stamped(data, SENT, times.stamp(instant))


def write(path: Path, edit: Callable[[bytes], bytes]) -> bytes:
    """Put an edit into a file, atomically; made anew from the new bytes where the file changed meanwhile.

    Gives the bytes that the file holds now. Raises OSError (files.Changed where it never holds still) or Refused.
    """
    for _ in range(_TRIES):
        with path.open("rb") as old:
            before = old.read()
            if not before.strip():
                continue  # an editor empties a file before it writes it anew; nothing empty was ever a post
            after = _edited(path, edit, before)
            if after == before:
                return before
            try:
                files.replace(path, after, expected=before)
            except files.Changed:
                continue
            # What an editor still wrote into the file that was replaced is not lost either.
            old.seek(0)
            late = old.read()
            if late == before or not late.strip():
                return after
            with contextlib.suppress(files.Changed):
                files.replace(path, late, expected=after)
    raise files.Changed(path)


def _edited(path: Path, edit: Callable[[bytes], bytes], before: bytes) -> bytes:
    try:
        return edit(before)
    except Refused as refused:
        raise Refused(*(replace(problem, file=str(path)) for problem in refused.problems)) from refused


def _stamped(data: bytes, key: str, value: str) -> bytes:
    text, encoding, mark = _text(data)
    head = find(text)
    found = marks(head)
    if any(line.key == SENT and line.value for line in found):
        return data
    if any(line.lstrip().startswith("{") for line in head.content[:1]):
        raise Refused(Problem(text="the front matter stands in braces, where no line can be added"))
    lines = list(head.lines)
    place = _place(head, found, key)
    if place is None:
        _add(head, lines, key, value)
    else:
        end = lines[place][len(lines[place].rstrip("\r\n")) :]
        lines[place] = _line(head, key, value, like=lines[place]) + end
    return mark + "".join(lines).encode(encoding)


def _place(head: Head, found: Sequence[Mark], key: str) -> int | None:
    """The line to replace: that of the key that is there already; an empty `email_sent_at:` of a template is filled.

    The begun line becomes the other one. Only where both keys stand in TOML, which takes no key twice, it stays.
    """
    lines = {
        mark.key: mark.index
        for mark in reversed(found)
        if head.first <= mark.index < head.end and _WHOLE_LINE.match(head.lines[mark.index])
    }
    if head.kind is Kind.TOML and key in lines:
        return lines[key]
    return lines.get(STARTED, lines.get(SENT))


def _text(data: bytes) -> tuple[str, str, bytes]:
    """Text, codec and byte order mark, such that mark and encoded text are the very bytes."""
    decoded = files.decode(data)
    if decoded.mark + decoded.text.encode(decoded.encoding, errors="replace") == data:
        return decoded.text, decoded.encoding, decoded.mark
    if decoded.encoding.startswith("utf-"):
        raise Refused(Problem(text=f"the post is no {decoded.encoding} text throughout"))
    # Every other encoding has ASCII at its bottom, which is all that is looked at here.
    return data.decode("latin-1"), "latin-1", b""


def _add(head: Head, lines: list[str], key: str, value: str) -> None:
    """Put a new line where the front matter's syntax lets it be a key of the whole."""
    end = _line_end(head.lines)
    if head.kind is Kind.NONE:
        lines.insert(0, f"---{end}{_line(head, key, value)}{end}---{end}")
        return
    # At the end of YAML and pairs, as an exporter writes it; in TOML a key behind a table would be the table's.
    at = head.first if head.kind is Kind.TOML else head.end
    if at == len(lines) and not lines[-1].endswith(("\r", "\n")):
        at = head.first  # the file ends within its head, and its last line must not change
    lines.insert(at, _line(head, key, value) + end)


def _line(head: Head, key: str, value: str, *, like: str | None = None) -> str:
    """The line without its end, indented as the other keys (or the line it replaces) are."""
    sample = next((line for line in ([like] if like else head.content) if _INDENTED_KEY.match(line)), "")
    match = _INDENTED_KEY.match(sample)
    indent = match[1] if match and head.kind is Kind.YAML else ""
    if head.kind is Kind.TOML:
        # An offset date-time is a type of TOML's; with the ledger behind it, it is text.
        return f"{key} = {value}" if key == SENT else f'{key} = "{value}"'
    return f"{indent}{key}: {value}"


def _line_end(lines: tuple[str, ...]) -> str:
    """How the file ends its lines: as it ends its first."""
    first = lines[0] if lines else "\n"
    return first[len(first.rstrip("\r\n")) :] or "\n"
