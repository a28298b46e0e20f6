"""SMTP replies out of bytes, however the bytes were cut.

Pure. `Answers.feed` takes what arrived and gives the replies that are complete; what is not stays. Lines end with CRLF;
a bare LF is taken too, as every server in the field writes what it likes here. Raises `Garbled` where a line is no
reply line (RFC 5321 §4.2): the two sides have lost each other and the connection is worth nothing.
"""

from __future__ import annotations

from newsletter_cli.replies import Reply

# RFC 5321 §4.5.3.1.5 asks for 512 octets a reply line; real EHLO answers are a few thousand in all.
MAX_LINE_OCTETS = 8192
MAX_REPLY_OCTETS = 65536


class Garbled(Exception):
    """What arrived is no SMTP reply; the message shows its beginning."""


class Answers:
    """The unfinished tail, and the lines of an unfinished multi-line reply."""

    __slots__ = ("_lines", "_octets", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []
        self._octets = 0

    @property
    def pending(self) -> bool:
        """Whether a reply has begun and not ended."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes, in order."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE_OCTETS:
            raise Garbled("a reply line without end")
        replies = []
        for line in lines:
            reply = self._line(line.rstrip(b"\r"))
            if reply is not None:
                replies.append(reply)
        return replies

    def _line(self, line: bytes) -> Reply | None:
        code, mark = line[:3], line[3:4]
        # RFC 5321 §4.2: Reply-code = %x32-35 %x30-35 %x30-39; the second digit is taken loosely, the first is not.
        if not (code.isdigit() and b"2" <= code[:1] <= b"5" and len(code) == 3 and mark in {b"", b" ", b"-", b"\t"}):
            raise Garbled(f"not an SMTP reply: {line[:80].decode('utf-8', 'replace')!r}")
        text = line[4:].decode("utf-8", "replace").strip()
        if mark == b"-":
            self._lines.append(text)
            self._octets += len(line)
            if self._octets > MAX_REPLY_OCTETS:
                raise Garbled("a reply without end")
            return None
        if not self._lines:
            return Reply(int(code), text)
        text = "\n".join([*self._lines, text])
        self._lines = []
        self._octets = 0
        return Reply(int(code), text)
