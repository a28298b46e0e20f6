"""Substack's record of who got a post: ``posts/1001.delivers.csv``, in a file, a folder, or the export's zip.

`read` finds the records by the number of their post, `people` reads one. Raises Refused where there is none, or where
it is no record of a post.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter_cli import addresses, files
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from newsletter_cli.addresses import Address

_NAME = re.compile(r"(?:.*/)?(?P<post>\d+)(?:\.[^/]*)?\.delivers\.csv")
_LIMIT_OCTETS = 200_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """One record: where it stands, and its octets."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class People:
    """Who got a post, each once, with the line; and when the last of them did (None: it does not say)."""

    got: tuple[tuple[Address, int], ...]
    last: datetime | None


def read(path: Path) -> Mapping[str, Record]:
    """Every record at a path, by the number of its post; a single file by its name where that holds no number."""
    return dict(_records(path))


def _records(path: Path) -> Iterator[tuple[str, Record]]:
    if path.is_dir():
        found = [file for file in sorted(path.rglob("*.delivers.csv")) if not file.name.startswith(".")]
        yield from (
            (_number(file.name), Record(str(file), files.read_bytes(file, what="the record"))) for file in found
        )
        if not found:
            raise _refused(str(path), "no record of who got a post (*.delivers.csv) in this folder")
        return
    data = files.read_bytes(path, what="the record", limit_octets=_LIMIT_OCTETS)
    if not zipfile.is_zipfile(io.BytesIO(data)):
        yield _number(path.name), Record(str(path), data)
        return
    try:
        found_any = False
        for name, entry in _entries(data, path):
            found_any = True
            yield _number(name), Record(f"{path}/{name}", entry)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _refused(str(path), f"the zip cannot be read: {error}") from error
    if not found_any:
        raise _refused(str(path), "no record of who got a post (*.delivers.csv) in this zip")


def _entries(data: bytes, path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            # A Mac packs a file of its own beside each: __MACOSX/posts/._1001.delivers.csv.
            if _NAME.fullmatch(entry.filename) is None or "/._" in f"/{entry.filename}":
                continue
            if entry.file_size > _LIMIT_OCTETS:
                raise _refused(str(path), f"{entry.filename} is too large to be a record")
            yield entry.filename, archive.read(entry)


def _number(name: str) -> str:
    match = _NAME.fullmatch(name)
    return match["post"] if match else name


def people(record: Record, post: str) -> People:
    """Who got the post of this number (empty: the post has none).

    Raises Refused where no column holds addresses, and where all rows are of another post.
    """
    from newsletter_cli.audience import headers, table
    from newsletter_cli.audience.words import compact

    opened = table.rows(record.data, file=record.name)
    columns = [compact(cell) for cell in opened.header or ()]
    email = headers.find(headers.EMAIL, columns)
    if email is None:
        raise _refused(record.name, "no column 'email': not a record of who got a post")
    post_at, time_at = headers.find(["postid"], columns), headers.find(["timestamp"], columns)
    got: dict[str, tuple[Address, int]] = {}
    others: set[str] = set()
    last: datetime | None = None
    for row in opened.rows:
        about = _cell(row.cells, post_at).partition(".")[0]
        if post and about and about != post:
            others.add(about)
            continue
        try:
            address = addresses.parse(_cell(row.cells, email))
        except addresses.AddressError:
            continue  # nobody can be mailed there anyway
        got.setdefault(address.key, (address, row.line))
        at = _instant(_cell(row.cells, time_at))
        last = max(filter(None, (last, at)), default=None)
    if others and not got:
        raise _refused(record.name, f"it is the record of post {', '.join(sorted(others)[:3])}, not of {post}")
    return People(tuple(got.values()), last)


def _cell(cells: list[str], place: int | None) -> str:
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _refused(name: str, text: str) -> Refused:
    return Refused(Problem(text=text, file=name, hint="give delivers.csv, a folder of them, or the whole export's zip"))
