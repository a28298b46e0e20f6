"""Bytes become rows: encoding, delimiter, ``sep=``, line ends, quoted newlines, ragged and blank rows, JSON.

`rows` takes bytes, a seekable binary stream or an iterable of blocks, and gives a `Table` whose rows stream: memory
does not grow with the file. A row's `line` is the physical line on which its record starts, from 1, whatever the line
ends. Nothing is judged here but form: the first record is a header unless an address stands in it.

Raises Refused for what is no table, and, while rows are taken, for a quote that swallows rows and for a file that
changed between the two readings.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from newsletter_cli.audience import headers, objects, sniff
from newsletter_cli.problems import Problem, Refused, Severity

if TYPE_CHECKING:
    import _csv
    import hashlib
    from collections.abc import Iterable, Iterator

DELIMITERS = (",", ";", "\t", "|")
# A cell that is an address, loosely: enough to tell a data row from a header row.
ADDRESS_LIKE = re.compile(r"[^\s@<>,;|\"]+@[^\s@<>,;|\"]+\.[^\s@<>,;|\"]+")
# What a pipe brings is held in memory up to here, and in a file beyond.
_SPOOL_OCTETS = 8 << 20
_SEP_LINE = re.compile(r'\A"?sep=(.)"?\s*\Z', re.IGNORECASE)
# How far down a title or a date above the header is looked past, and how much is read to find the delimiter.
_PREAMBLE_RECORDS = 10
_SAMPLE_RECORDS = 50


class Row(NamedTuple):
    """One record: the physical line on which it starts, and its cells. A tuple, since there may be millions."""

    line: int
    cells: list[str]


@dataclass(slots=True, kw_only=True)
class Table:
    """A list file, opened. `header` is None where the first record is a person. `rows` can be taken once."""

    header: tuple[str, ...] | None
    rows: Iterator[Row]
    problems: tuple[Problem, ...]
    delimiter: str  # empty: JSON
    encoding: str


def rows(data: bytes | BinaryIO | Iterable[bytes], *, file: str) -> Table:
    """Open a list. `file` is its name in problems. Raises Refused."""
    stream = _seekable(data)
    try:
        return _open(stream, file)
    except BaseException:
        if stream is not data:
            stream.close()
        raise


def _open(stream: BinaryIO, file: str) -> Table:
    examined = sniff.examine(stream, file=file)
    if objects.looks_like_json(examined.head_text.removeprefix("\ufeff")):
        return _json_table(stream, examined, file)
    if examined.unbroken:
        raise Refused(Problem(text="has a line of more than 1 MB", file=file, hint="is it a list?", code="list-kind"))
    records, delimiter = _records(stream, examined, file)
    header, kept, skipped = _header(records, file)
    problems = examined.problems + skipped
    return Table(header=header, rows=kept, problems=problems, delimiter=delimiter, encoding=examined.encoding)


def _seekable(data: bytes | BinaryIO | Iterable[bytes]) -> BinaryIO:
    """The same octets as a stream that can be read twice; what cannot (a pipe) is spooled to a temporary file."""
    if isinstance(data, bytes):
        return io.BytesIO(data)
    if hasattr(data, "seekable") and data.seekable():
        return data  # type: ignore[return-value]  # a BinaryIO: it can seek
    blocks = iter(lambda: data.read(sniff.BLOCK_OCTETS), b"") if hasattr(data, "read") else iter(data)
    # It lives as long as the rows do; has no name, and below the limit no file.
    spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_OCTETS)  # noqa: SIM115 - see above
    for block in blocks:
        spool.write(block)
    return cast("BinaryIO", spool)


def _json_table(stream: BinaryIO, examined: sniff.Examined, file: str) -> Table:
    text = stream.read().decode(examined.encoding, errors="replace").removeprefix("\ufeff")
    found = objects.records(text, file=file)
    header = tuple(dict.fromkeys(key for _, record in found for key in record))
    return Table(
        header=header,
        rows=(Row(line, [record.get(key, "") for key in header]) for line, record in found),
        problems=examined.problems,
        delimiter="",
        encoding=examined.encoding,
    )


class _Watched(io.RawIOBase):
    """A stream whose octets are digested as they pass."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest: hashlib.blake2b = sniff.new_digest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # io gives a memoryview
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        self.digest.update(block)
        return len(block)


def _records(stream: BinaryIO, examined: sniff.Examined, file: str) -> tuple[Iterator[Row], str]:
    """Every record that is not blank, and the delimiter."""
    watched = _Watched(stream)
    text = io.TextIOWrapper(
        io.BufferedReader(watched, sniff.BLOCK_OCTETS), encoding=examined.encoding, errors="replace", newline=""
    )
    first = examined.head_text.removeprefix("\ufeff")
    named = _SEP_LINE.match(re.split(r"[\r\n]", first, maxsplit=1)[0])
    delimiter = named[1] if named else _delimiter(first)

    def read() -> Iterator[Row]:
        if named:
            text.readline()
        # ``a, "b, c"``: the quote counts although it does not touch the delimiter. Elsewhere every space is kept.
        spaced = f'{delimiter} "' in first
        reader = csv.reader(text, delimiter=delimiter, skipinitialspace=spaced)
        yield from _read(reader, delimiter, file, 1 if named else 0)
        if isinstance(stream, tempfile.SpooledTemporaryFile):
            stream.close()
        if watched.digest.digest() != examined.digest:
            raise Refused(Problem(text="changed while it was read", file=file, hint="run again", code="list-changed"))

    return read(), delimiter


def _read(reader: _csv.Reader, delimiter: str, file: str, before: int) -> Iterator[Row]:
    width = end = 0
    try:
        for cells in reader:
            start, end = end, reader.line_num
            if end - start > 1:
                _refuse_swallowed(cells, delimiter, width, file, before + start + 1)
            # A blank row is an empty line, or delimiters and white space alone.
            if cells and ((cells[0] and not cells[0].isspace()) or any(cell.strip() for cell in cells)):
                width = width or len(cells)
                yield tuple.__new__(Row, (before + start + 1, cells))  # half the time of Row(...), which calls it
    except csv.Error as error:
        said = "a cell longer than 131,072 characters" if "field larger" in str(error) else f"no CSV: {error}"
        raise Refused(
            Problem(text=said, file=file, line=before + end + 1, hint="is a quote not closed?", code="list-quote")
        ) from error


def _refuse_swallowed(cells: list[str], delimiter: str, width: int, file: str, line: int) -> None:
    """Refuse a record over several lines one of which is a whole row: an open quote has eaten people."""
    for place, cell in enumerate(cells):
        for number, inside in enumerate(re.split(r"\r\n|\r|\n", cell)):
            expected = width - 1 - (place if number == 0 else 0)
            if ("\n" in cell or "\r" in cell) and inside.count(delimiter) == expected and expected > 0:
                pieces = (piece.strip(' "') for piece in inside.split(delimiter))
                said = f"the row of line {line + number}"
                if any(ADDRESS_LIKE.fullmatch(piece) for piece in pieces):
                    raise Refused(
                        Problem(
                            text=f"a quote that opens here takes in {'a whole row' if not number else said}",
                            file=file,
                            line=line,
                            hint="close the quote, or double it where it is meant",
                            code="list-quote",
                        )
                    )


def _delimiter(head: str) -> str:
    """The delimiter of which the first records look most like a list."""
    lines = head.splitlines(keepends=True)
    if len(lines) > 1 and len(head) >= sniff.HEAD_OCTETS // 4:
        lines.pop()  # may be cut in two
    return max(DELIMITERS, key=lambda delimiter: _likeness(lines, delimiter))


def _likeness(lines: list[str], delimiter: str) -> tuple[bool, int, int]:
    """How much records look like a list: a header that names the address, cells that are one, an even width."""
    try:
        sample = [cells for cells in islice(csv.reader(lines, delimiter=delimiter), _SAMPLE_RECORDS) if cells]
    except csv.Error:
        return False, 0, 0
    named = any(headers.is_email(cell) for cells in sample[:_PREAMBLE_RECORDS] for cell in cells)
    addresses = sum(any(ADDRESS_LIKE.fullmatch(cell.strip()) for cell in cells) for cells in sample)
    even = sum(len(cells) == len(sample[0]) > 1 for cells in sample)
    return named, addresses, even


def _header(records: Iterator[Row], file: str) -> tuple[tuple[str, ...] | None, Iterator[Row], tuple[Problem, ...]]:
    """The header, the rows below it, and a word on what stood above it."""
    first = list(islice(records, _PREAMBLE_RECORDS))
    if not first:
        raise Refused(Problem(text="is empty", file=file, hint="export the list again", code="list-empty"))
    for place, row in enumerate(first):
        if any(ADDRESS_LIKE.search(cell) for cell in row.cells):
            break
        if any(headers.is_email(cell) for cell in row.cells):
            above: tuple[Problem, ...] = ()
            if place:
                said = "what stands above the header is no part of the list and is not read"
                above = (
                    Problem(text=said, file=file, line=first[0].line, severity=Severity.NOTE, code="list-preamble"),
                )
            return _padded(row), chain(first[place + 1 :], records), above
    if any(ADDRESS_LIKE.search(cell) for cell in first[0].cells) or len(first[0].cells) == 1:
        return None, chain(first, records), ()
    return _padded(first[0]), chain(first[1:], records), ()


def _padded(row: Row) -> tuple[str, ...]:
    return tuple(cell.strip().strip("\ufeff\u200b").strip() for cell in row.cells)
