"""What this room writes: a plain list of those who may be mailed; and the rows left out, to be mended and read again.

Pure: rows in, CSV bytes out (UTF-8, LF). A cell that a spreadsheet would run as a formula gets an apostrophe before it,
which the reader takes away again (`reader.plain_text`).
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from newsletter_cli.audience import headers
from newsletter_cli.audience.marks import Kind
from newsletter_cli.audience.model import Tier
from newsletter_cli.audience.suspects import kind_of
from newsletter_cli.audience.words import compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from newsletter_cli.audience.model import LeftOut, Subscriber

# What spreadsheets take for a formula (OWASP, "CSV Injection"); a telephone number or a negative number is none.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d\s()./-]*\Z)")
_CANONICAL = ("first_name", "last_name", "name")
# What the canonical columns stand for; it is not written a second time.
_SAID_BY_OTHERS = frozenset({*headers.EMAIL, *headers.FIRST_NAME, *headers.LAST_NAME, *headers.NAME, "tier"})


def plain(subscribers: Iterable[Subscriber]) -> bytes:
    """The subscribers as ``email,first_name,last_name,name,tier`` and their other columns, none of them all empty.

    Columns that say who may be mailed are not written: whoever stands here may be.
    """
    columns: dict[str, int] = {}
    tiers: set[Tier] = set()
    body = io.StringIO(newline="")
    writer = csv.writer(body, lineterminator="\n")
    for subscriber in subscribers:
        tiers.add(subscriber.tier)
        cells = [""] * len(columns)
        for column, value in _columns(subscriber):
            place = columns.setdefault(column, len(columns))
            cells += [""] * (len(columns) - len(cells))
            cells[place] = value
        writer.writerow([str(subscriber.address), *map(_harmless, cells)])
    if tiers <= {Tier.UNKNOWN}:
        columns.pop("tier", None)
    order = sorted(columns, key=lambda column: (_rank(column), columns[column]))
    body.seek(0)
    return _csv(
        ["email", *order], (_in_order(row, [columns[column] + 1 for column in order]) for row in csv.reader(body))
    )


def _in_order(row: list[str], places: list[int]) -> list[str]:
    """The address, then the cells of `places`; a row made before a column was known is short."""
    return [row[0], *(row[place] if place < len(row) else "" for place in places)]


def _columns(subscriber: Subscriber) -> Iterator[tuple[str, str]]:
    """Column and value, without empty ones."""
    yield "tier", subscriber.tier.value
    address = str(subscriber.address).casefold()
    for column, value in subscriber.fields.items():
        if not value:
            continue
        if column in _CANONICAL or (
            compact(column) not in _SAID_BY_OTHERS
            and kind_of(column) in {None, Kind.TAGS}
            and address not in value.casefold()
        ):
            yield column, value


def _rank(column: str) -> int:
    return (*_CANONICAL, "tier").index(column) if column in {*_CANONICAL, "tier"} else len(_CANONICAL) + 1


def rejects(rows: Iterable[tuple[LeftOut, Sequence[str], Sequence[str]]]) -> bytes:
    """The rows left out (why, its list's header, its cells) as they stood, with their line and the reason behind them.

    Rows of lists with different headers stand under all columns of them. Read as a list, each is judged anew.
    """
    found = list(rows)
    width = max((len(cells) - len(names) for _, names, cells in found), default=0)
    header = list(dict.fromkeys(key for _, names, _ in found for key in _keys(names)))
    beyond = [("", place) for place in range(max(0, width))]
    places = {key: place for place, key in enumerate([*header, *beyond])}
    shown = [*(name for name, _ in header), *("" for _ in beyond)]
    told = []
    for left, names, cells in found:
        row = [""] * len(places)
        for key, cell in zip([*_keys(names), *beyond], cells, strict=False):
            row[places[key]] = cell
        told.append([*row, str(left.line), left.reason])
    return _csv([*shown, _free("line", shown), _free("reason", shown)], ([*map(_harmless, row)] for row in told))


def _keys(names: Sequence[str]) -> list[tuple[str, int]]:
    """Each header with how often it stood before, so that two columns of one name stay two."""
    return [(name, names[:place].count(name)) for place, name in enumerate(names)]


def _free(name: str, taken: Sequence[str]) -> str:
    return name if name not in taken else _free(f"rejected_{name}", taken)


def _csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell
