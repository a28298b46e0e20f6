"""A mail taken apart, however badly it was put together.

Pure: bytes to a tree of parts, never an error. Reports come from programs that break every rule of MIME, so this reads
what is there: any line end, headers without a body, boundaries that never come, charsets nobody knows. Work and memory
are bounded: the first `MAX_OCTETS` are looked at, to `MAX_DEPTH` parts deep and `MAX_PARTS` in all; what lies beyond is
no part of a report.
"""

from __future__ import annotations

import base64
import html
import quopri
import re
from dataclasses import dataclass, replace
from functools import cached_property

# Reports bring the whole mail back with them; what is said stands before it.
MAX_OCTETS = 1_000_000
MAX_DEPTH = 8
MAX_PARTS = 100
MAX_TEXT = 100_000  # characters of one part's text
MAX_SUBJECT = 500
_MAX_FIELDS = 1_000

_FIELD = re.compile(r"([!-9;-~]+)[ \t]*:(.*)")  # RFC 5322 §3.6.8, and the blank before the colon of §4.5
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BREAKING = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li|/h\d|/table|p|div)\b[^<>]{0,2000}>")
_UNSEEN = re.compile(r"(?is)<(style|script|head)\b.*?(?:</\1\s*>|\Z)")
# What says less than latin-1 does, and codecs of Python that are no charsets (one of them takes quadratic time).
_NO_CHARSETS = frozenset({"", "ascii", "us-ascii", "idna", "punycode", "unicode_escape", "raw_unicode_escape"})
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bq])\?([^?\s]*)\?=", re.IGNORECASE)
_BETWEEN = re.compile(r"\?=\s+=\?")
_ENCLOSED = frozenset({"message/rfc822", "message/global", "message/partial", "message/news"})
_HEADERS = frozenset({"text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global-headers"})


@dataclass(frozen=True)
class Part:
    """One part: its fields (names in lower case, values unfolded), its kind, its body as it stood, its parts.

    `preamble` is what stands before the first boundary of a multipart; `source` is a whole mail, its line ends LF.
    """

    fields: tuple[tuple[str, str], ...]
    body: bytes
    parts: tuple[Part, ...] = ()
    preamble: bytes = b""
    source: bytes = b""

    @cached_property
    def kind(self) -> str:
        """The media type in lower case; ``text/plain`` where none is said (RFC 2045 §5.2)."""
        kind = self.get("content-type").partition(";")[0].strip().lower()
        return kind if re.fullmatch(r"[^\s/]+/[^\s/]+", kind) else "text/plain"

    def get(self, name: str) -> str:
        """The first field of this name; empty where there is none."""
        return next((value for field, value in self.fields if field == name), "")

    def every(self, *names: str) -> list[str]:
        """Every value of these fields, in the order they stand."""
        return [value for field, value in self.fields if field in names]

    @cached_property
    def subject(self) -> str:
        """The subject, read, and not longer than anybody writes one."""
        return words(self.get("subject")[: 4 * MAX_SUBJECT])[:MAX_SUBJECT].strip()

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type; empty where there is none."""
        found = re.search(
            rf';\s*{re.escape(name)}\s*=\s*(?:"([^"]*)"|([^\s;]+))', self.get("content-type"), re.IGNORECASE
        )
        return (found[1] or found[2] or "") if found else ""

    @cached_property
    def decoded(self) -> bytes:
        """The body without its transfer encoding."""
        match self.get("content-transfer-encoding").strip().lower():
            case "base64":
                return _from_base64(self.body)
            case "quoted-printable":
                return quopri.decodestring(self.body)
            case _:
                return self.body

    @cached_property
    def text(self) -> str:
        """The body as text; of HTML what is seen."""
        text = to_text(self.decoded[: 4 * MAX_TEXT], self.parameter("charset"))[:MAX_TEXT]
        return seen(text) if self.kind == "text/html" else text

    @property
    def encloses(self) -> bool:
        """Whether it is a mail, or the headers of one."""
        if self.kind in _ENCLOSED or self.kind in _HEADERS:
            return True
        # Gateways forget to say what they return: a trace field (RFC 5322 §3.6.7) where those of a part should stand.
        return bool(self.get("received"))

    @cached_property
    def enclosed(self) -> Part:
        """The mail that it encloses; itself where it only looks like one."""
        if self.kind in _ENCLOSED or self.kind in _HEADERS:
            return read(self.decoded)
        return self


def read(data: bytes) -> Part:
    """Take a mail apart."""
    lines = _lines(data[:MAX_OCTETS])
    return replace(_read(lines, 0, [MAX_PARTS]), source=b"\n".join(lines))


def fields_of(text: str) -> tuple[tuple[str, str], ...]:
    """The fields at the head of a text (RFC 822 style), names in lower case."""
    return _split(text.split("\n"))[0]


def words(value: str) -> str:
    """A field's value with its encoded words read (RFC 2047 §2); blanks between two of them are none (§6.2)."""
    return _ENCODED_WORD.sub(_word, _BETWEEN.sub("?==?", value)) if "=?" in value else value


def to_text(data: bytes, charset: str) -> str:
    """Bytes as text, whatever the charset claims to be."""
    claimed = "" if charset.lower() in _NO_CHARSETS else charset
    for name, errors in ((claimed, "strict"), ("utf-8", "strict"), (claimed, "replace")):
        try:
            return data.decode(name, errors)
        except (LookupError, ValueError):  # unknown, or no text in it; a codec that is none of text
            continue
    return data.decode("latin-1")


def seen(markup: str) -> str:
    """What a reader sees of HTML, a line a block."""
    text = _BREAKING.sub("\n", _UNSEEN.sub(" ", markup))
    return html.unescape(_TAG.sub("", text)).replace("\xa0", " ")


def _word(found: re.Match[str]) -> str:
    octets = found[3].encode("utf-8", "replace")
    decoded = _from_base64(octets) if found[2] in "bB" else quopri.decodestring(octets, header=True)
    return to_text(decoded, found[1].partition("*")[0])  # RFC 2231 §5: a language behind the charset


def _lines(data: bytes) -> list[bytes]:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def _read(lines: list[bytes], depth: int, left: list[int]) -> Part:
    """One part. `left` counts down how many more there may be."""
    left[0] -= 1
    fields, start = _split(_head(lines, inner=depth > 0))
    body = lines[start:]
    part = Part(fields, b"\n".join(body))
    if not part.kind.startswith("multipart/") or depth >= MAX_DEPTH:
        return part
    boundary = part.parameter("boundary").encode("utf-8", "replace").rstrip()
    chunks = _chunks(body, b"--" + boundary) if boundary else []
    if len(chunks) < 2:
        return part
    parts = tuple(_read(chunk, depth + 1, left) for chunk in chunks[1:] if left[0] > 0)
    return Part(fields, part.body, parts, b"\n".join(chunks[0]))


def _head(lines: list[bytes], *, inner: bool) -> list[str]:
    """The lines in which fields may stand: up to the first blank one, but that a whole mail may begin with some."""
    begin = 0
    while not inner and begin < len(lines) and not lines[begin].strip():
        begin += 1
    head: list[str] = [""] * begin
    for line in lines[begin : begin + _MAX_FIELDS]:
        if not line.strip():
            break
        head.append(to_text(line, "utf-8"))
    return head


def _split(lines: list[str]) -> tuple[tuple[tuple[str, str], ...], int]:
    """The fields at the head, and how many lines they take, with the blank ones before them."""
    fields: list[tuple[str, list[str]]] = []
    number = 0
    for line in lines:
        found = _FIELD.fullmatch(line)
        if fields and line[:1] in {" ", "\t"} and line.strip():
            fields[-1][1].append(line.strip())
        elif found:
            fields.append((found[1].lower(), [found[2].strip()]))
        elif fields or not (not line.strip() or line.startswith(("From ", ">From "))):  # an mbox's separator
            break
        number += 1
    return tuple((name, " ".join(filter(None, values))) for name, values in fields), number


def _chunks(lines: list[bytes], delimiter: bytes) -> list[list[bytes]]:
    """What stands before, between and behind the lines of a boundary; nothing behind its end (RFC 2046 §5.1.1)."""
    chunks: list[list[bytes]] = [[]]
    for line in lines:
        stripped = line.rstrip()
        if stripped == delimiter:
            chunks.append([])
        elif stripped == delimiter + b"--" and len(chunks) > 1:
            break
        else:
            chunks[-1].append(line)
    return chunks


def _from_base64(body: bytes) -> bytes:
    """As much as can be read."""
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", body.partition(b"=")[0])
    if len(clean) % 4 == 1:  # a character by itself is no octet
        clean = clean[:-1]
    return base64.b64decode(clean + b"=" * (-len(clean) % 4))
