"""`newsletter status --failed-csv`: those that failed or whose fate is unknown, each with its row of the list.

The ledger keeps file and line of a row, and its cells only where the post has merge fields. The row itself is read
again from the list: as it stands there now, if that line still holds the address. Changes nothing.
"""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli import addresses
from newsletter_cli.jobs import status, streams
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import Campaign, RecipientRow

_HEADER = ("email", "post", "outcome", "code", "reply", "tries", "at", "file", "line", "row")
# How every such table begins: by it an older one is told from a list.
BEGINS = ",".join(_HEADER).encode()


def table(workspace: Workspace, post: Path | None = None) -> bytes:
    """The failures of one post, or of all, as CSV: the input row (JSON), the server's reply, the tries."""
    found = list(_failures(workspace, post))
    cells = _looked_up([row for _, row in found], workspace.settings.folder)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for campaign, row in found:
        fields = cells.get((row.file, row.line, row.email)) or dict(row.fields)
        shown = json.dumps(fields, ensure_ascii=False) if fields else ""
        at, name = row.updated_at.isoformat(), campaign.identity.path
        writer.writerow((row.email, name, row.outcome, row.code, row.reply, row.tries, at, row.file, row.line, shown))
    return text.getvalue().encode()


def _failures(workspace: Workspace, post: Path | None) -> Iterator[tuple[Campaign, RecipientRow]]:
    wanted = frozenset({Outcome.FAILED, Outcome.UNKNOWN})
    with workspace.ledger_as_it_is() as ledger:
        for campaign in status.wanted(workspace, ledger, post):
            assert ledger is not None  # it gave the campaign
            for row in ledger.recipients(campaign.id, outcomes=wanted):
                yield campaign, row


def _looked_up(rows: Sequence[RecipientRow], folder: Path) -> dict[tuple[str, int, str], dict[str, str]]:
    """The cells of rows by file, line and address, for those that still stand where they stood."""
    by_file: dict[str, dict[int, set[str]]] = {}
    for row in rows:
        if row.email and row.file:  # a forgotten one has no address
            by_file.setdefault(row.file, {}).setdefault(row.line, set()).add(row.email)
    found: dict[tuple[str, int, str], dict[str, str]] = {}
    for file, wanted in by_file.items():
        # Named on the command line, a list lies by the current folder; in the settings, by theirs.
        for path in dict.fromkeys((folder / file, Path(file))):
            for line, email, cells in _rows_of(path, wanted):
                found[file, line, email] = cells
    return found


def _rows_of(path: Path, wanted: Mapping[int, set[str]]) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Line, address and cells of those wanted; none of a file that is gone or is no list any more."""
    from newsletter_cli.audience import table as lists

    try:
        with closing(streams.opened(path, lambda _: None)) as stream:
            opened = lists.rows(stream, file=str(path))
            for row in opened.rows:
                for email in wanted.get(row.line, ()):
                    if _holds(row.cells, email):
                        yield row.line, email, _named(opened.header or (), row.cells)
    except Refused:
        return


def _holds(cells: Iterable[str], email: str) -> bool:
    """Whether one of the cells is that address, in whatever letters."""
    key = addresses.parse(email).key
    for cell in cells:
        if "@" in cell or "＠" in cell:
            try:
                if addresses.parse_mailbox(cell.strip()).address.key == key:
                    return True
            except addresses.AddressError:
                continue
    return False


def _named(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Cells by their column; one without a name, or with one that stood before, by its number."""
    found: dict[str, str] = {}
    for place, cell in enumerate(cells):
        name = header[place] if place < len(header) else ""
        found[name if name and name not in found else f"column {place + 1}"] = cell
    return found
