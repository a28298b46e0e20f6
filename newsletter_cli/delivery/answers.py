"""SMTP replies out of bytes, however the bytes were cut.

Pure. `Answers.feed` takes what arrived and gives the replies that are complete; what is not stays. Lines end with CRLF;
a bare LF is taken too, as every server in the field writes what it likes here. Where a line is no reply line (RFC 5321
§4.2) `garbled` says so and everything behind it is dropped: the two sides have lost each other, but what was said
before still counts.
"""

from __future__ import annotations

from newsletter_cli.replies import Reply

# RFC 5321 §4.5.3.1.5 asks for 512 octets a reply line; real EHLO answers are a few thousand in all.
MAX_LINE_OCTETS = 8192
MAX_REPLY_OCTETS = 65536
# A server says the same few lines for every mail ("250 2.1.0 Ok"): their replies are kept, so that they cost 0.1 µs in
# place of 1.5. Lines that name a mail fill the rest of the table once and are then read anew.
_SEEN: dict[bytes, Reply] = {}
_SEEN_AT_MOST = 200
_SEEN_OCTETS = 60


class Answers:
    """The unfinished tail, and the lines of an unfinished multi-line reply. `garbled` is empty where all is well."""

    __slots__ = ("_class", "_lines", "_octets", "_rest", "garbled")

    def __init__(self) -> None:
        self.garbled = ""
        self._rest = b""
        self._lines: list[str] = []
        self._octets = 0
        self._class = b""  # the first digit of an unfinished reply

    @property
    def pending(self) -> bool:
        """Whether a reply has begun and not ended."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes, in order."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        replies: list[Reply] = []
        for line in lines:
            if not self.garbled:
                reply = (None if self._lines else _SEEN.get(line)) or self._line(line)
                if reply is not None:
                    replies.append(reply)
        if len(self._rest) > MAX_LINE_OCTETS:
            self.garbled = self.garbled or "a reply line without end"
        return replies

    def _line(self, line: bytes) -> Reply | None:
        raw, line = line, line.rstrip(b"\r")
        code, mark = line[:3], line[3:4]
        # RFC 5321 §4.2: Reply-code = %x32-35 %x30-35 %x30-39; the second digit is taken loosely, the first is not.
        if not (code.isdigit() and b"2" <= code[:1] <= b"5" and len(code) == 3 and mark in {b"", b" ", b"-", b"\t"}):
            self.garbled = f"not an SMTP reply: {line[:80].decode('utf-8', 'replace')!r}"
            return None
        # §4.2.1: the code is the same on all lines of a reply; where not even the first digit is, it is two replies.
        if len(line) > MAX_LINE_OCTETS or self._octets > MAX_REPLY_OCTETS or (self._lines and code[:1] != self._class):
            self.garbled = "a reply without end"
            return None
        text = line[4:].decode("utf-8", "replace").strip()
        if mark == b"-":
            self._lines.append(text)
            self._octets += len(line)
            self._class = code[:1]
            return None
        if self._lines:
            text = "\n".join([*self._lines, text])
            self._lines = []
            self._octets = 0
            return Reply(int(code), text)
        reply = Reply(int(code), text)
        if len(_SEEN) < _SEEN_AT_MOST and len(line) < _SEEN_OCTETS:
            _SEEN[raw] = reply
        return reply
