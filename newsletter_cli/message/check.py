"""Look at one finished mail as a strict receiver would.

Pure, and written apart from `compose`: it reads the bytes alone. Gives problems, never raises; errors are what a server
may refuse, change or read in two ways, warnings what hurts a reader.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINE = 998  # RFC 5322 §2.1.1, without the CRLF
MAX_ENCODED_LINE = 76  # RFC 2045 §6.7, §6.8
MAX_ENCODED_WORD = 75  # RFC 2047 §2
# Gmail cuts the HTML of a longer message, and the unsubscribe link in its footer with it.
CLIP_OCTETS = 102_000
# Postfix's message_size_limit where nobody set it; many servers have it.
LARGE_OCTETS = 10_240_000

ONE_OF_EACH = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")
AT_MOST_ONE = (
    *("reply-to", "sender", "cc", "bcc", "list-id", "list-unsubscribe", "list-unsubscribe-post", "precedence"),
    *("feedback-id", "auto-submitted", "content-transfer-encoding", "x-original-recipient"),
)
# RFC 2047 §5 and RFC 8058: where an encoded word is no word but a broken address or URL.
NO_ENCODED_WORDS = re.compile(r"to|date|message-id|list-.*|content-.*|mime-version|dkim-signature|feedback-id")

_FIELD = re.compile(rb"([!-9;-~]+):(.*(?:\r\n[ \t].*)*)\r\n")
_ENCODED_WORD = re.compile(r"=\?([^?\s]*)\?([^?\s]*)\?([^?]*)\?=")
_ESCAPE = re.compile(rb"=(?![0-9A-F]{2})")
_BOUNDARY = re.compile(r'boundary="([^"]+)"')


@dataclass(frozen=True, slots=True)
class _Part:
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def get(self, name: str) -> str:
        return next((text for key, text in self.fields if key == name), "")


def check(data: bytes, *, smtputf8: bool = False) -> tuple[Problem, ...]:
    """Everything that is wrong with the bytes of one mail. With `smtputf8` the To field may hold raw UTF-8."""
    problems = [*_octets(data, smtputf8=smtputf8)]
    part = _split(data)
    if part is None:
        return (*problems, _error("the header is not made of fields, or has no end", "message-header"))
    problems += _fields(part)
    for leaf in _leaves(part):
        problems += _leaf(leaf)
    return tuple(problems)


def clipped(html_octets: int) -> Problem | None:
    """The warning for an HTML part that Gmail would cut."""
    if html_octets <= CLIP_OCTETS:
        return None
    return Problem(
        text=f"the HTML has {html_octets / 1000:.0f} kB; Gmail cuts it at {CLIP_OCTETS // 1000} kB, with the footer",
        hint="shorten the post, or link to the rest of it",
        severity=Severity.WARNING,
        code="html-clipped",
    )


def _octets(data: bytes, *, smtputf8: bool) -> Iterator[Problem]:
    if data.count(b"\n") != data.count(b"\r\n") or data.count(b"\r") != data.count(b"\r\n"):
        # A server that takes one for a line end can be made to see two mails (SMTP smuggling).
        yield _error("a line end that is not CRLF", "message-line-end")
    if not data.endswith(b"\r\n"):
        yield _error("the last line has no end", "message-line-end")
    if b"\0" in data:
        yield _error("a NUL octet", "message-nul")
    if len(data) > LARGE_OCTETS:
        yield Problem(
            text=f"the mail has {len(data) / 1_000_000:.0f} MB; many servers refuse more than 10",
            hint="link to images instead of embedding them",
            severity=Severity.WARNING,
            code="message-large",
        )
    lines = data.split(b"\r\n")
    longest = max(map(len, lines))
    if longest > MAX_LINE:
        yield _error(f"a line of {longest} octets; {MAX_LINE} are allowed", "message-line-long")
    if not data.isascii() and not (smtputf8 and _without_to(data).isascii()):
        yield _error("an octet above 127; the mail must be 7-bit", "message-8bit")


def _without_to(data: bytes) -> bytes:
    return re.sub(rb"(?i)\A((?:.*\r\n)*?)To: .*\r\n", rb"\1", data, count=1)


def _split(data: bytes) -> _Part | None:
    """Header and body; None where the header is not well-formed."""
    header, gap, body = data.partition(b"\r\n\r\n")
    header += b"\r\n"
    position = 0
    fields = []
    while position < len(header):
        match = _FIELD.match(header, position)
        if match is None:
            return None
        fields.append((match[1].decode().lower(), match[2].decode("utf-8", "replace")))
        position = match.end()
    return _Part(tuple(fields), body) if gap else None


def _fields(part: _Part) -> Iterator[Problem]:
    names = [name for name, _ in part.fields]
    for name in ONE_OF_EACH:
        if names.count(name) != 1:
            yield _error(f"{names.count(name)} {name} fields; one is needed", "message-header-count")
    for name in AT_MOST_ONE:
        if names.count(name) > 1:
            yield _error(f"{names.count(name)} {name} fields; one is allowed", "message-header-count")
    for name, text in part.fields:
        if any(not line.strip() for line in text.split("\r\n")[1:]):
            yield _error(f"{name} is folded to a blank line", "message-header-fold")
        if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text):
            yield _error(f"a control character in {name}", "message-header-control")
        yield from _encoded_words(name, text)
    if not part.get("subject").strip():
        yield Problem(text="the Subject is empty", severity=Severity.WARNING, code="message-subject-empty")


def _encoded_words(name: str, text: str) -> Iterator[Problem]:
    for match in _ENCODED_WORD.finditer(text):
        if NO_ENCODED_WORDS.fullmatch(name):
            yield _error(f"an encoded word in {name}", "message-encoded-word")
        if len(match[0]) > MAX_ENCODED_WORD:
            yield _error(f"an encoded word of {len(match[0])} characters in {name}", "message-encoded-word")
        if not _decodes(*match.groups()):
            yield _error(f"an encoded word in {name} that cannot be decoded", "message-encoded-word")
    lines = text.split("\r\n")
    lines[0] = f"{name}:{lines[0]}"
    if any(_ENCODED_WORD.search(line) and len(line) > MAX_ENCODED_LINE for line in lines):
        yield _error(f"a line of {name} with an encoded word is longer than 76", "message-encoded-word")


def _decodes(charset: str, encoding: str, text: str) -> bool:
    """RFC 2047 §4, §5: each word by itself is whole characters."""
    try:
        if encoding.lower() == "b":
            raw = binascii.a2b_base64(text, strict_mode=True)
        elif encoding.lower() == "q" and not re.search(r" |=(?![0-9A-F]{2})", text):
            raw = re.sub(rb"=(..)", lambda match: bytes.fromhex(match[1].decode()), text.replace("_", " ").encode())
        else:
            return False
        raw.decode(charset)
    except (ValueError, LookupError):
        return False
    return True


def _leaves(part: _Part) -> Iterator[_Part]:
    """The parts that hold something; a part whose header is broken is given as it is, without fields."""
    boundary = _BOUNDARY.search(part.get("content-type"))
    if boundary is None:
        yield part
        return
    between = (b"\r\n" + part.body).split(b"\r\n--" + boundary[1].encode())
    for piece in between[1:-1]:
        yield from _leaves(_split(piece.removeprefix(b"\r\n")) or _Part((), piece))
    if len(between) < 3 or not between[-1].startswith(b"--"):
        yield _Part((), b"")


def _leaf(part: _Part) -> Iterator[Problem]:
    if not part.fields:
        yield _error("a part without a header, or a boundary without an end", "message-part")
        return
    encoding = part.get("content-transfer-encoding").strip()
    lines = part.body.split(b"\r\n")
    if encoding in {"quoted-printable", "base64"} and max(map(len, lines)) > MAX_ENCODED_LINE:
        yield _error(f"a {encoding} line longer than 76", "message-part")
    if encoding == "quoted-printable":
        if any(line.endswith((b" ", b"\t")) for line in lines):
            yield _error("white space at the end of a quoted-printable line", "message-part")
        if any(_ESCAPE.search(line.removesuffix(b"=")) for line in lines):
            yield _error("an escape of quoted-printable that is none", "message-part")
        if part.get("content-type").strip().lower().startswith("text/html"):
            problem = clipped(len(binascii.a2b_qp(part.body)))
            yield from () if problem is None else (problem,)


def _error(text: str, code: str) -> Problem:
    return Problem(text=f"the mail has {text}" if text.startswith(("a ", "an ")) else f"the mail: {text}", code=code)
