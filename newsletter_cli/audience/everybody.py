"""Everybody whom a list names, whatever its columns say of them: for those who are not to be mailed.

Streams: memory does not grow with the list. A mark that is not understood is no reason to refuse here, since nobody is
mailed on such a list's word. Raises Refused for what is no list, or where no column holds addresses.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from newsletter_cli.addresses import Address
from newsletter_cli.audience import table, words
from newsletter_cli.audience.exports import SAMPLE_ROWS, recognise
from newsletter_cli.audience.words import Meaning
from newsletter_cli.audience.wrapped import addresses_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.audience.reader import Reader
    from newsletter_cli.audience.wishes import Wishes


class Named(NamedTuple):
    """A row: everybody in its address cell (nobody: it is unreadable, and `cell` what stood there).

    `reason`: why its columns say that they must not be mailed, else empty. `stays`: that they say they may be.
    """

    line: int
    addresses: tuple[Address, ...]
    reason: str
    stays: bool
    cell: str


def named(file: str, data: bytes | BinaryIO, wishes: Wishes) -> Iterator[Named]:
    """The rows of a list, in their order."""
    opened = table.rows(data, file=file)
    sample = list(islice(opened.rows, SAMPLE_ROWS))
    reader = recognise(opened.header, sample, file=file, wishes=wishes)
    for line, cells in chain(sample, opened.rows):
        local, domain, reason, _ = reader.read(cells)
        if local:
            found: tuple[Address, ...] = (Address(local, domain),)
        else:
            found = tuple(addresses_in(reader.cell(cells)))
            reason = next((said for _, said in reader.said_no(cells)), "")
        yield Named(line, found, reason, not reason and _stays(reader, cells), reader.cell(cells))


def _stays(reader: Reader, cells: list[str]) -> bool:
    """Whether a column says of a row that it may be mailed; an empty cell does not."""
    held = ((mark, cells[mark.index]) for mark in reader.marks if mark.index < len(cells))
    return any(not words.is_empty(cell) and mark.meaning(cell) is Meaning.IN for mark, cell in held)
