"""Quoted-printable (RFC 2045 §6.7), written so that what goes out is what arrives.

Pure. Lines are at most 76 characters, soft breaks included, ASCII only, CRLF. Beyond the standard, on purpose:

* no line begins with a dot or with ``From ``: SMTP need not stuff dots, no mailbox puts a ``>`` before it, and a
  signature over the body survives both (RFC 6376 §5.3.1);
* text is taken in pieces, so that a hole for a person's value may stand between two of them: `encode` starts at the
  column where the piece before it ended, and says where it ends itself.

Any text goes in, raises nothing: a lone surrogate becomes ``?``. LF is a line end; CR and other controls are encoded.
"""

from __future__ import annotations

import re

# Room for the "=" of a soft break within 76 (RFC 2045 §6.7 rule 5).
ROOM = 75
SOFT_BREAK = b"=\r\n"

_GUARDED = (b".", b"From ")

_UNSAFE = re.compile(rb"[^\t -<>-~]+")
# A value of a person also hides tabs and runs of spaces: its relaxed canonical form is then the value itself.
_UNSAFE_OR_RUN = re.compile(rb"(?:[^ -<>-~]|(?<= ) )+")
_EASY_VALUE = re.compile(rf"(?!\.|From )(?:[!-<>-~]| (?![ ]|\Z)){{0,{ROOM}}}\Z")


def _escape(match: re.Match[bytes]) -> bytes:
    return b"=" + match[0].hex("=").upper().encode()


def encode(text: str, column: int = 0, *, last: bool = True) -> tuple[bytes, int]:
    """Encode `text`, whose first character stands in `column`; give the bytes and the column behind the last one.

    With `last` its line ends there; otherwise something other than a line end must follow.
    """
    return _encode(text, column, _UNSAFE, last=last)


def encode_value(text: str) -> bytes:
    """Encode one person's value, which stands alone between two soft breaks. Free of tabs and of runs of spaces."""
    if _EASY_VALUE.match(text):
        return text.encode()
    return _encode(text, 0, _UNSAFE_OR_RUN, last=True)[0]


def _encode(text: str, column: int, unsafe: re.Pattern[bytes], *, last: bool) -> tuple[bytes, int]:
    written: list[bytes] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if number:
            written.append(b"\r\n")
            column = 0
        encoded = unsafe.sub(_escape, line.encode("utf-8", "replace"))
        ends = last or number < len(lines) - 1
        if ends and encoded.endswith((b" ", b"\t")):  # rule 3: white space never ends a line
            encoded = encoded[:-1] + b"=%02X" % encoded[-1]
        column = _wrap(encoded, column, written)
    return b"".join(written), column


def _wrap(encoded: bytes, column: int, written: list[bytes]) -> int:
    """Append one logical line to `written`, broken softly; give the column behind it."""
    at, end = 0, len(encoded)
    while True:
        if column == 0 and encoded.startswith(_GUARDED, at):
            written.append(b"=%02X" % encoded[at])
            at += 1
            column = 3
        if column + end - at <= ROOM:
            written.append(encoded[at:])
            return column + end - at
        cut = at + ROOM - column
        escape = encoded.rfind(b"=", max(cut - 2, at), cut)
        if escape != -1:  # an escape of three characters stays whole
            cut = escape
        written += (encoded[at:cut], SOFT_BREAK)
        at = cut
        column = 0
