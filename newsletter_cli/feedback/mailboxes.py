"""Where reports lie: a Maildir, an mbox, a folder of .eml, a file, standard input, an IMAP mailbox.

Thin: gives octets with the name of where they came from, and never writes, moves, marks or deletes anything. `open_box`
raises Refused where there is nothing to read; reading raises NotNow where an IMAP server is away (`imap`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Protocol

from newsletter_cli import files
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Of one message this much is kept: a report says what it has to say before the mail that it brings back.
MAX_OCTETS = 1_000_000
# Of one file that holds events: a month of a large sender.
MAX_FILE_OCTETS = 200_000_000

# mbox(5): "From " at the start of a line, behind a blank one, with a date as asctime writes it.
_SEPARATOR = re.compile(rb"From [^\n]*\b\d{1,2}:\d\d(?::\d\d)?\b[^\n]*\b(?:19|20)\d\d\b")
# One without the blank line before it (some programs write none), believed only where a header follows.
_STRICT_SEPARATOR = re.compile(
    rb"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:\d\d? +)?[A-Z][a-z][a-z] +"
    rb"[^\n]*\b\d\d:\d\d(?::\d\d)?\b[^\n]*\b(?:19|20)\d\d\b"
)
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
# What may stand before the first separator and is no message.
_BEFORE = b"\xef\xbb\xbf \t\r\n"
_NOT_SPLIT = (".eml", ".txt", ".msg")  # one message a file, whatever stands on its first line


@dataclass(frozen=True, slots=True)
class Item:
    """One message, or a document of events. `bookmark` says where to go on behind it, where that can be said."""

    name: str
    data: bytes
    bookmark: str = ""

    @property
    def is_events(self) -> bool:
        """Whether it holds events of a provider: JSON, which no mail begins with."""
        return self.data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}


class Box(Protocol):
    """A place with reports."""

    @property
    def name(self) -> str:
        """What it is called; fit to be shown and kept: it holds no password."""

    def items(self, bookmark: str) -> Iterator[Item]:
        """The reports behind a bookmark; all of them where it is empty or means nothing here."""


@dataclass(frozen=True, slots=True)
class Maildir:
    """A Maildir: `new` and `cur`, as they are."""

    path: Path
    name: str

    def items(self, bookmark: str) -> Iterator[Item]:  # noqa: ARG002 - the protocol's signature
        """Every message, in the order of their names, which begin with the time."""
        seen: set[str] = set()
        # A reader of mail may move a message from new to cur meanwhile: new is listed first, so none is missed.
        for folder in ("new", "cur"):
            for path in _listed(self.path / folder):
                unique = path.name.partition(":")[0]
                data = _read(path) if unique not in seen else None
                if data is not None:
                    seen.add(unique)
                    yield Item(f"{self.name.rstrip('/')}/{folder}/{path.name}", data)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of files, one message each (or an mbox, or events as .json)."""

    path: Path
    name: str

    def items(self, bookmark: str) -> Iterator[Item]:
        """Every file, by name; hidden ones and folders are none."""
        for path in _listed(self.path):
            name = f"{self.name.rstrip('/')}/{path.name}"
            if _is_mbox(path):
                yield from File(path, name).items(bookmark)
                continue
            data = _read(path)
            if data is not None:
                yield Item(name, data)


@dataclass(frozen=True, slots=True)
class File:
    """A file: an mbox, one message, or events."""

    path: Path
    name: str

    def items(self, bookmark: str) -> Iterator[Item]:  # noqa: ARG002 - the protocol's signature
        """Its messages, in their order."""
        try:
            if _is_mbox(self.path):
                with self.path.open("rb") as file:
                    yield from _mbox(file, self.name)
                return
        except OSError as error:
            raise _unreadable(self.name, error) from error
        data = files.read_bytes(self.path, what="the mailbox", limit_octets=MAX_FILE_OCTETS)
        if data.strip(_BEFORE):  # an mbox into which nothing has come yet is empty
            yield Item(self.name, data)


@dataclass(frozen=True, slots=True)
class Given:
    """Octets that were handed in: standard input."""

    data: bytes
    name: str = "standard input"

    def items(self, bookmark: str) -> Iterator[Item]:  # noqa: ARG002 - the protocol's signature
        """An mbox's messages, one message, or events."""
        if self.data.lstrip(_BEFORE).startswith(b"From "):
            yield from _mbox(iter(self.data.splitlines(keepends=True)), self.name)
        elif self.data.strip(_BEFORE):
            yield Item(self.name, self.data)


def open_box(path: Path, name: str) -> Box:
    """The mailbox at a path, of whatever kind it is. Raises Refused where there is none."""
    if (path / "cur").is_dir() and (path / "new").is_dir():
        return Maildir(path, name)
    if path.is_dir():
        return Folder(path, name)
    if path.exists():
        return File(path, name)
    raise Refused(
        Problem(
            text="there is no such mailbox",
            file=name,
            hint="name a Maildir, an mbox, a folder of .eml, a file of events, or imaps://user@host/INBOX",
        )
    )


def _mbox(lines: Iterator[bytes], name: str) -> Iterator[Item]:
    """The messages of an mbox, in bounded memory."""
    kept: list[bytes] = []
    number, size, blank = 0, 0, True
    for line, below in pairwise(chain(_begun(lines), (b"",))):
        if (blank and _SEPARATOR.match(line)) or (_STRICT_SEPARATOR.match(line) and _HEADER.match(below)):
            if kept:
                yield Item(f"{name}:{number}", b"".join(kept))
            number, kept, size = number + 1, [], 0
        elif size < MAX_OCTETS:
            kept.append(line)
            size += len(line)
        blank = not line.strip()
    if kept:
        yield Item(f"{name}:{max(number, 1)}", b"".join(kept))


def _begun(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines from the first one on that holds anything, without a mark of UTF-8 before it."""
    for line in lines:
        if line.strip(_BEFORE):
            yield line.lstrip(_BEFORE)
            break
    yield from lines


def _is_mbox(path: Path) -> bool:
    """Whether a file holds several messages, by how it begins. Raises Refused where it cannot be read."""
    if path.suffix.lower() in _NOT_SPLIT:
        return False
    try:
        with path.open("rb") as file:
            return file.read(1024).lstrip(_BEFORE).startswith(b"From ")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unreadable(str(path), error) from error


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
    except OSError as error:
        raise _unreadable(str(folder), error) from error


def _read(path: Path) -> bytes | None:
    """A message, or None where it has gone meanwhile."""
    limit = MAX_FILE_OCTETS if path.suffix.lower() == ".json" else MAX_OCTETS
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(str(path), error) from error


def _unreadable(name: str, error: OSError) -> Refused:
    return Refused(Problem(text=f"the mailbox cannot be read: {error.strerror}", file=name, hint="make it readable"))
