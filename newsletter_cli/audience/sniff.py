"""What the bytes of a list are: text in which encoding, or no list at all.

Reads the whole stream once, a block at a time, so that a single bad octet in the millionth row is known before the
first row is used. Gives an `Examined`; raises Refused, in words that say what to do, for what is no list: an image, a
spreadsheet, an archive, a web page, an empty file.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from typing import BinaryIO

from newsletter_cli.problems import Problem, Refused, Severity

BLOCK_OCTETS = 1 << 20
HEAD_OCTETS = 1 << 16

# (first octets, what it is, what to do): the well-known signatures, longest first where one begins another.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive", "unpack it and name the list inside (Substack: email_list.….csv)"),
    (b"PK\x05\x06", "an empty zip archive", "export the list again"),
    (b"\x89PNG", "an image (PNG)", "name the list's CSV file"),
    (b"\xff\xd8\xff", "an image (JPEG)", "name the list's CSV file"),
    (b"GIF8", "an image (GIF)", "name the list's CSV file"),
    (b"BM", "an image (BMP)", "name the list's CSV file"),
    (b"II*\x00", "an image (TIFF)", "name the list's CSV file"),
    (b"MM\x00*", "an image (TIFF)", "name the list's CSV file"),
    (b"%PDF", "a PDF", "name the list's CSV file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook", "save it as CSV (UTF-8)"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"BZh", "a bzip2 archive", "unpack it first"),
    (b"\xfd7zXZ", "an xz archive", "unpack it first"),
    (b"(\xb5/\xfd", "a zstd archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"SQLite format 3\x00", "an SQLite database", "name the list's CSV file"),
    (b"\x7fELF", "a program", "name the list's CSV file"),
    (b"{\\rtf", "a rich text document", "save it as plain text or CSV"),
    (b"BEGIN:VCARD", "a file of vCards", "export the contacts as CSV"),
    (b"-----BEGIN", "a key or an encrypted message", "name the list's CSV file"),
)
# Signatures this short are also the beginning of honest text ("BMW owners"): believed only beside octets no text has.
_WEAK = frozenset({b"BM", b"BZh", b"GIF8", b"Rar!"})
_INSIDE_ZIP = (
    (b"xl/", "an Excel workbook (xlsx)", "save it as CSV (UTF-8)"),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        "an OpenDocument spreadsheet",
        "save it as CSV (UTF-8)",
    ),
    (b"word/", "a Word document", "save the list as CSV"),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body|script|\?xml|!--|table|svg|rss|feed)\b", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The encodings that spreadsheets on real desks write; the guess is not let loose on all ninety.
_LEGACY = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "mac_roman"),
    *("cp850", "cp437", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
# Below this many octets beyond ASCII a guess is a coin toss; cp1252 is what such files are.
_ENOUGH_TO_GUESS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The text's `encoding` (a Python codec name), the first octets, and the digest of all octets.

    `damaged` is True where the text is UTF-8 but for a few octets; those are read as U+FFFD. `unbroken`: somewhere is
    a line longer than a block of reading.
    """

    encoding: str
    head: bytes
    digest: bytes
    damaged: bool = False
    unbroken: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def head_text(self) -> str:
        """The first octets as text."""
        return self.head.decode(self.encoding, errors="replace")


def examine(stream: BinaryIO, *, file: str) -> Examined:
    """Say what a seekable stream holds, and leave it at its beginning. Raises Refused."""
    stream.seek(0)
    head = stream.read(HEAD_OCTETS)
    _refuse_what_is_no_list(head, file)
    encoding = _by_bom(head) or _utf16_without_bom(head)
    digest, bad, good, unbroken = _read_through(stream, utf8=encoding in {"", "utf-8-sig"})
    damaged = False
    problems: tuple[Problem, ...] = ()
    if not encoding or encoding == "utf-8-sig":
        if not bad:
            encoding = encoding or "utf-8"
        elif encoding or good >= 4 * bad:
            # Mostly sound UTF-8 with strays in it, as when two files were pasted together.
            encoding, damaged = encoding or "utf-8", True
            problems = (_damage(bad, file),)
        else:
            encoding = _guess(stream)
            said = f"read as {encoding}, since it is not UTF-8"
            problems = (Problem(text=said, file=file, severity=Severity.NOTE, code="list-encoding"),)
    stream.seek(0)
    return Examined(encoding=encoding, head=head, digest=digest, damaged=damaged, unbroken=unbroken, problems=problems)


def _damage(bad: int, file: str) -> Problem:
    return Problem(
        text=f"{bad} of its octets are not UTF-8 like the rest; a row with one in its address is left out",
        file=file,
        hint="export the list again as UTF-8",
        severity=Severity.WARNING,
        code="list-encoding",
    )


def _refuse_what_is_no_list(head: bytes, file: str) -> None:
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        what = "is empty" if not head.strip() else "holds no text"
        raise Refused(Problem(text=what, file=file, hint="export the list again", code="list-empty"))
    what, hint = _signature(head)
    if what:
        raise Refused(Problem(text=f"is {what}, not a list", file=file, hint=hint, code="list-kind"))


def _signature(head: bytes) -> tuple[str, str]:
    """What a file that is no text is, and what to do; two empty strings where it may be a list."""
    for signature, what, hint in _SIGNATURES:
        if head.startswith(signature):
            if signature in _WEAK and b"\x00" not in head and _is_utf8(head):
                continue
            if signature.startswith(b"PK"):
                return next(((inside, do) for mark, inside, do in _INSIDE_ZIP if mark in head), (what, hint))
            return what, hint
    if head.startswith(b"RIFF") and head[8:12] in {b"WEBP", b"WAVE", b"AVI "}:
        return "an image, sound or film (RIFF)", "name the list's CSV file"
    if head[4:8] == b"ftyp":
        return "an image or film (HEIC, AVIF, MP4)", "name the list's CSV file"
    if _MARKUP.match(head.removeprefix(codecs.BOM_UTF8)):
        return "a web page or XML", "log in to the service and download the CSV file itself"
    binary = sum(
        head.count(octet) for octet in (b"\x01", b"\x02", b"\x03", b"\x04", b"\x05", b"\x06", b"\x07", b"\x08")
    )
    if binary > len(head) // 50 and not _by_bom(head):
        return "a binary file", "name the list's CSV file"
    return "", ""


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _by_bom(head: bytes) -> str:
    return next((name for bom, name in _BOMS if head.startswith(bom)), "")


def _utf16_without_bom(head: bytes) -> str:
    """UTF-16 by its zero octets: mostly ASCII text has one in nearly every second place, all on one side."""
    sample = head[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = max(1, len(sample) // 2)
    if odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.6 and odd < half * 0.1 else ""


def _read_through(stream: BinaryIO, *, utf8: bool) -> tuple[bytes, int, int, bool]:
    """The digest of all octets; with `utf8` how many are no UTF-8 and how many characters beyond ASCII are.

    And whether a whole block has no line end.
    """
    stream.seek(0)
    digest = new_digest()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    bad = good = 0
    unbroken = False
    while block := stream.read(BLOCK_OCTETS):
        digest.update(block)
        unbroken = unbroken or (len(block) == BLOCK_OCTETS and b"\n" not in block and b"\r" not in block)
        if utf8 and not (block.isascii() and not decoder.getstate()[0]):
            found_bad, found_good = _count(decoder.decode(block))
            bad, good = bad + found_bad, good + found_good
    found_bad, found_good = _count(decoder.decode(b"", final=True))
    return digest.digest(), bad + found_bad, good + found_good, unbroken


def _count(text: str) -> tuple[int, int]:
    bad = len(re.findall(r"[\udc80-\udcff]", text))
    return bad, len(re.findall(r"[^\x00-\x7f]", text)) - bad


def new_digest() -> hashlib.blake2b:
    """By which two readings of one file are compared; no secret depends on it."""
    return hashlib.blake2b(digest_size=16)


def _guess(stream: BinaryIO) -> str:
    """The legacy encoding of text that is not UTF-8, by its lines that are not ASCII."""
    stream.seek(0)
    sample = b""
    for line in stream:
        if not line.isascii():
            sample += line
            if len(sample) > HEAD_OCTETS:
                break
    beyond = len(re.findall(rb"[\x80-\xff]", sample))
    if beyond < _ENOUGH_TO_GUESS:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample[:HEAD_OCTETS], cp_isolation=list(_LEGACY)).best()
    return best.encoding if best is not None else "cp1252"
