"""One list's reader: its rows become subscribers, or are left out with a reason. Made by `exports.recognise`.

The reasons are stable words for a person to read. `read` is the quick form, of which there may be a million;
`subscriber` wraps it. When all rows are read, `check` raises Refused for what a mark said and nobody understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from newsletter_cli import addresses
from newsletter_cli.addresses import Address, AddressError
from newsletter_cli.audience import words
from newsletter_cli.audience.marks import Kind
from newsletter_cli.audience.model import LeftOut, Subscriber
from newsletter_cli.audience.tiers import TIER
from newsletter_cli.audience.wrapped import addresses_in, unwrapped
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter_cli.audience.inside import Inside
    from newsletter_cli.audience.marks import Mark
    from newsletter_cli.audience.table import Row
    from newsletter_cli.audience.tiers import Tiering

# Substack keeps the row of somebody who asked to be forgotten under an address of this domain.
_DELETION_DOMAIN = "deletion-request.substack.com"


class Read(NamedTuple):
    """What a row says. The parts of its address are empty where it has none that can be used; then `reason` says why.

    With an address, `reason` is why it must not be mailed, empty where it may be.
    """

    local: str
    domain: str
    reason: str
    level: int


class Reader:
    """Reads the rows of one list. `service` is whose export it is (``plain``: nobody's); `header` as shown."""

    def __init__(
        self,
        *,
        service: str,
        file: str,
        header: tuple[str, ...],
        email: int,
        names: tuple[int | None, int | None, int | None],
        marks: tuple[Mark, ...],
        tiering: Tiering,
        inside: tuple[Inside, ...] = (),
        ignored: frozenset[int] = frozenset(),
    ) -> None:
        self.service = service
        self.file = file
        self.header = header
        self.email = email
        self.marks = marks
        self.tiering = tiering
        self.inside = inside
        self._names = names
        self._trusted = frozenset({email, *names, *(mark.index for mark in marks)} - {None}) | ignored

    def read(self, cells: Sequence[str]) -> Read:
        """Read one row's cells."""
        cell = cells[self.email] if self.email < len(cells) else ""
        parts = addresses.plain_parts(cell)
        if parts is None:
            try:
                address = addresses.parse_mailbox(cell).address if "<" in cell or ":" in cell else addresses.parse(cell)
            except AddressError as error:
                bare = unwrapped(cell)
                if bare != cell:
                    return self.read([*cells[: self.email], bare, *cells[self.email + 1 :]])
                return Read("", "", _why(error), 0)
            parts = address.local, address.domain
        local, domain = parts
        if local[0] == "'":
            # A spreadsheet's mark of text; nobody has an address that begins with it.
            bare = local.lstrip("'") + "@" + domain
            return self.read([*cells[: self.email], bare, *cells[self.email + 1 :]])
        if local[0] == "=":
            # Allowed by the letter of RFC 5322, and nobody's: a spreadsheet's formula that ends in a domain.
            return Read("", "", "a formula, not an address", 0)
        # Half the time of Read(...), which only calls it.
        return tuple.__new__(Read, (local, domain, self._reason(cells, domain), self.tiering.level(cells)))

    def said_no(self, cells: Sequence[str]) -> Iterator[tuple[Address, str]]:
        """Whom a row without a usable address may mean, and why they must not be mailed, where the row says so.

        Two addresses in one cell, or one beside other words, are not mailed on such a row's word; but its no is the no
        of them all.
        """
        for address in addresses_in(self.cell(cells)):
            reason = self._reason(cells, address.domain)
            if reason:
                yield address, reason

    def _reason(self, cells: Sequence[str], domain: str) -> str:
        """Why a person must not be mailed. Every mark is asked, so that each learns what its column holds."""
        reason = ""
        for mark in self.marks:
            said = mark.reason(cells)
            reason = reason or said
        for column in self.inside:
            said = column.reason(cells)
            reason = reason or said
        if not reason and not words.OUTRIGHT_CELLS.isdisjoint(cells):
            reason = self._outright(cells)
        if domain == _DELETION_DOMAIN:
            reason = "opted out: asked Substack to delete the address"
        return reason

    def _outright(self, cells: Sequence[str]) -> str:
        for place, cell in enumerate(cells):
            if place not in self._trusted and words.outright(cell):
                header = self.header[place] if place < len(self.header) else f"column {place + 1}"
                return f"opted out: {header} is {cell.strip()!r}"
        return ""

    def subscriber(self, row: Row) -> Subscriber | LeftOut:
        """Read one row whole."""
        local, domain, reason, level = self.read(row.cells)
        if not local:
            return LeftOut(self.file, row.line, self.cell(row.cells), reason)
        return Subscriber(
            address=Address(local, domain),
            file=self.file,
            line=row.line,
            tier=TIER[level],
            opted_out=reason,
            fields=self.fields(row.cells),
        )

    def cell(self, cells: Sequence[str]) -> str:
        """The address cell as it stood."""
        return cells[self.email].strip() if self.email < len(cells) else ""

    def fields(self, cells: Sequence[str]) -> dict[str, str]:
        """The row's columns by header, and first_name, last_name and name where columns give them."""
        plain = [plain_text(cell) for cell in cells]
        found: dict[str, str] = {}
        for key, text in zip(self.header, plain, strict=False):
            if not found.get(key):  # of two columns with one header the first that holds something
                found[key] = text
        first, last, whole = (plain[place] if place is not None and place < len(plain) else "" for place in self._names)
        if first:
            found["first_name"] = first
        if last:
            found["last_name"] = last
        whole = whole or " ".join(filter(None, (first, last))) or self._display_name(cells)
        if whole:
            found["name"] = whole
        return found

    def _display_name(self, cells: Sequence[str]) -> str:
        """The name in ``Name <a@b>``."""
        cell = self.cell(cells)
        return addresses.parse_mailbox(cell).name if cell.endswith(">") and not cell.startswith("<") else ""

    @property
    def tells_opt_out(self) -> bool:
        """Whether any column says who is not to be mailed; known when the rows are read."""
        return any(mark.kind is not Kind.TAGS and (mark.understood or mark.unknown) for mark in self._every_mark())

    @property
    def columns(self) -> tuple[str, ...]:
        """What can be named: the headers, and the keys inside of JSON cells that were seen."""
        return (*self.header, *(name for column in self.inside for name in column.names))

    def _every_mark(self) -> Iterator[Mark]:
        yield from self.marks
        for column in self.inside:
            yield from column.marks

    def problems(self) -> Iterator[Problem]:
        """What the marks said that is not understood."""
        for mark in self._every_mark():
            values = mark.not_understood
            if values:
                shown = ", ".join(repr(value[:40]) for value in values[:10])
                more = f" and {len(values) - 10} more" if len(values) > 10 else ""
                unnamed = mark.header == f"column {mark.index + 1}"
                label = mark.header if unnamed else f"column {mark.header!r}"
                name = f"{mark.index + 1}" if unnamed or "=" in mark.header else mark.header
                yield Problem(
                    text=f"{label} may say who must not be mailed and is not understood: {shown}{more}",
                    file=self.file,
                    hint=(
                        f"say which value means 'do not mail': --opt-out '{name}=VALUE' (any value: '{name}=*')"
                        f" or, if none does, --column 'ignore={name}'"
                    ),
                    code="list-opt-out",
                )

    def check(self) -> None:
        """Raise Refused for every mark that is not understood."""
        found = tuple(self.problems())
        if found:
            raise Refused(*found)


def _why(error: AddressError) -> str:
    """The reason without the address, which stands beside it."""
    address, found, reason = str(error).partition(" is no address: ")
    return f"no valid address: {reason}" if found else address


def plain_text(cell: str) -> str:
    """A cell without padding, and without the apostrophe that spreadsheets put before what looks like a formula."""
    stripped = cell.strip()
    if stripped[:1] not in {"=", "'"}:  # as good as all
        return stripped
    if stripped.startswith('="') and stripped.endswith('"') and len(stripped) > 2:
        return stripped[2:-1]  # text that a spreadsheet was told to leave alone
    return stripped[1:] if stripped[:1] == "'" and stripped[1:2] in {"=", "+", "-", "@"} else stripped
