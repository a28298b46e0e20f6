"""A list as a stream: read in pieces, so that no list is held whole, while a person is told how far it is.

`Stream` stands before an open file. Raises Refused where the file cannot be read on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

from newsletter_cli import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A list is read twice, first for its encoding and again for its rows.
_PASSES = 2


class Stream:
    """The part of a BinaryIO that reading a list needs; each piece read is told as ``reading l.csv: 42 %``."""

    def __init__(self, file: BinaryIO, path: Path, told: Callable[[str], None]) -> None:
        self._file = file
        self._path = path
        self._told = told
        self._read_octets = 0
        self._seekable = file.seekable()  # a pipe is not, and has no size
        self._all_octets = _PASSES * (file.seek(0, 2) or 1) if self._seekable else 0
        if self._seekable:
            file.seek(0)

    def read(self, octets: int = -1) -> bytes:
        """The next octets, none at the end."""
        try:
            data = self._file.read(octets)
        except OSError as error:
            raise files.unread(self._path, "the list", error) from error
        self._read_octets += len(data)
        if data and self._all_octets:
            self._told(f"reading {self._path}: {min(100, 100 * self._read_octets // self._all_octets)} %")
        return data

    def seek(self, place: int) -> int:
        """Go to a place."""
        return self._file.seek(place)

    def seekable(self) -> bool:
        """Whether `seek` can be called."""
        return self._seekable

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def opened(path: Path, told: Callable[[str], None]) -> BinaryIO:
    """Open a list. Raises Refused."""
    told(f"reading {path}")
    return cast("BinaryIO", Stream(files.open_bytes(path, what="the list"), path, told))
