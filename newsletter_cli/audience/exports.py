"""The one reader of all exports: a row becomes a `Subscriber`, or is left out with a reason.

`recognise` looks at the header and the first rows of a list and makes its `Reader`: which column is the address, which
may say that a person is not to be mailed, which tells what is paid. It raises Refused where no column holds addresses,
or where several may. A value of a mark that is not understood is known only when all rows are read: `Reader.check`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from pathlib import PurePath
from typing import TYPE_CHECKING

from newsletter_cli.audience import headers, inside, words
from newsletter_cli.audience.marks import Kind, Mark
from newsletter_cli.audience.reader import Reader
from newsletter_cli.audience.regions import are_regions
from newsletter_cli.audience.services import SERVICES, Service
from newsletter_cli.audience.suspects import (
    answer_kind,
    is_free_text,
    is_other_channel,
    is_other_status,
    is_place,
    kind_of,
)
from newsletter_cli.audience.table import ADDRESS_LIKE
from newsletter_cli.audience.tiers import HEADERS, TierColumn, Tiering
from newsletter_cli.audience.words import Meaning, compact
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter_cli.audience.table import Row
    from newsletter_cli.audience.wishes import Wishes

# How many rows decide what only content can tell.
SAMPLE_ROWS = 1000
# Headers that programs give to columns that have none: Excel's tables, pandas, R, databases.
_MADE_UP = re.compile(r"(?:unnamed|column|col|field|spalte|colonne|columna|coluna|kolom|var|v|x|f)\d{1,3}")
# A column of more different values is no status column; the longest that was seen has nine.
_MOST_STATUS_WORDS = 12
# A file that Mailchimp calls so holds those who left or bounced, also where most of its columns were thrown away.
_PLAIN = Service(
    name="plain",
    shapes=(),
    files=("unsubscribed_members_", "cleaned_members_", "nonsubscribed_members_", "non_subscribed_members_"),
)


def recognise(header: tuple[str, ...] | None, sample: Sequence[Row], *, file: str, wishes: Wishes) -> Reader:
    """Make the reader of a list out of its header (None: there is none) and its first rows. Raises Refused."""
    layout = _layout(header, sample, file)
    email = _email_column(layout, wishes)
    first, last, whole = (
        headers.names(layout.compacted) if header is not None else (None, None, _name_column(layout, email))
    )
    shown = layout.shown
    names = (
        wishes.place("first_name", shown, first),
        wishes.place("last_name", shown, last),
        wishes.place("name", shown, whole),
    )
    tiering, tier_places = _tiering(layout, wishes)
    return Reader(
        service=layout.service.name,
        file=file,
        header=shown,
        email=email,
        names=names,
        marks=_marks(layout, wishes, plain={email, *names, *tier_places}),
        tiering=tiering,
        inside=inside.columns(
            shown, (row.cells for row in sample), ignored=wishes.ignored(shown) | {email}, wishes=wishes
        ),
        ignored=wishes.ignored(shown) | {place for place, cell in enumerate(shown) if is_other_channel(cell)},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """A list's columns: headers as shown and in compact form (empty where there are none), and the first rows."""

    shown: tuple[str, ...]
    compacted: tuple[str, ...]
    service: Service
    sample: Sequence[Row]
    file: str

    def share_of_addresses(self, place: int) -> float:
        """Which part of a column's cells hold an address."""
        values = self.values(place)
        return sum(ADDRESS_LIKE.search(cell) is not None for cell in values) / len(values) if values else 0.0

    def values(self, place: int) -> list[str]:
        """What the sample holds in one column, without empty cells."""
        return [cell for row in self.sample if place < len(row.cells) and (cell := row.cells[place].strip())]


def _layout(header: tuple[str, ...] | None, sample: Sequence[Row], file: str) -> _Layout:
    width = max((len(row.cells) for row in sample), default=0)
    given = header or ()
    shown = tuple(
        given[place] if place < len(given) and given[place] else f"column {place + 1}"
        for place in range(max(width, len(given)))
    )
    compacted = tuple(compact(given[place]) if place < len(given) else "" for place in range(len(shown)))
    present = frozenset(compacted) | {"email" for cell in compacted if headers.is_email(cell)}
    return _Layout(shown=shown, compacted=compacted, service=_service(present), sample=sample, file=file)


def _service(present: frozenset[str]) -> Service:
    """Whose export has these headers: of several shapes that are all there the one of most columns."""
    fitting = [(len(shape), entry) for entry in SERVICES for shape in entry.shapes if shape <= present]
    return max(fitting, key=itemgetter(0))[1] if fitting else _PLAIN


def _email_column(layout: _Layout, wishes: Wishes) -> int:
    """By what the user said, by header, else by content. Raises Refused."""
    asked = wishes.place("email", layout.shown, None)
    if asked is not None:
        return asked
    found = Counter({place: layout.share_of_addresses(place) for place in range(len(layout.shown))})
    named = [place for word in headers.EMAIL for place, cell in enumerate(layout.compacted) if cell == word]
    if named:
        # Of several the one most trusted that really holds addresses: "mail" may be a street.
        return next((place for place in named if found[place] >= 0.5), max(named, key=lambda place: found[place]))
    likely = [place for place, share in found.most_common() if share >= 0.5] or [
        place for place, share in found.most_common() if share > 0
    ]
    if len(likely) == 1 or (likely and found[likely[0]] >= 2 * found[likely[1]]):
        return likely[0]
    raise Refused(_no_email(layout, likely))


def _no_email(layout: _Layout, likely: Sequence[int]) -> Problem:
    if likely:
        said = " and ".join(repr(layout.shown[place]) for place in likely[:4])
        return Problem(
            text=f"{said} both hold addresses",
            file=layout.file,
            hint="say which: --column email=HEADER",
            code="list-email",
        )
    if {"postid", "postdate", "audience"} <= set(layout.compacted):
        return Problem(
            text="holds the posts of a Substack export, not its subscribers",
            file=layout.file,
            hint="name email_list.….csv of the same export",
            code="list-email",
        )
    shown = ", ".join(layout.shown[:12]) or "none"
    return Problem(
        text=f"no column holds addresses (columns: {shown[:300]})",
        file=layout.file,
        hint="say which does: --column email=HEADER",
        code="list-email",
    )


def _name_column(layout: _Layout, email: int) -> int | None:
    """In a list without a header: the one column beside the address that holds letters and is no mark."""
    likely = [
        place
        for place in range(len(layout.shown))
        if place != email
        and _unnamed_kind(layout, place) is None
        and any(char.isalpha() for cell in layout.values(place) for char in cell)
    ]
    return likely[0] if len(likely) == 1 else None


def _marks(layout: _Layout, wishes: Wishes, *, plain: set[int | None]) -> tuple[Mark, ...]:
    """Every column that may say a row is not to be mailed: the service's, those found by header, the user's."""
    out = wishes.meaning_out(layout.shown)
    ignored = wishes.ignored(layout.shown)
    found = []
    for place, header in enumerate(layout.shown):
        said = dict.fromkeys(out.get(place, ()), Meaning.OUT)
        kind = None if place in ignored else _kind(layout, place, plain)
        if kind is None and said:
            kind = Kind.LOOSE_FLAG
        if kind is not None:
            meanings = {**layout.service.meanings.get(layout.compacted[place], {}), **said}
            found.append(Mark(header=header, index=place, kind=kind, meanings=meanings, settled=place in out))
    name = PurePath(layout.file).name
    if any(name.casefold().startswith(beginning) for beginning in layout.service.files):
        found.append(Mark(header=name, index=0, kind=Kind.ALWAYS_OUT, meanings={}))
    return tuple(found)


def _kind(layout: _Layout, place: int, plain: set[int | None]) -> Kind | None:
    kind = _kind_by_header(layout, place, plain)
    if kind is Kind.SECTIONS and not layout.values(place):
        return None  # nobody has any: the column says nothing
    return kind


def _kind_by_header(layout: _Layout, place: int, plain: set[int | None]) -> Kind | None:
    compacted = layout.compacted[place]
    known = layout.service.marks.get(compacted)
    if known is not None:
        return known
    if place in plain or compacted in layout.service.harmless:
        return None
    if not compacted or _MADE_UP.fullmatch(compacted):
        return _unnamed_kind(layout, place)
    kind = kind_of(layout.shown[place])
    if kind is Kind.LOOSE_FLAG and any(words.truth(value) is not None for value in layout.values(place)):
        return Kind.IN_IF_TRUE  # whoever wants it has a cross; whoever has none does not
    if kind is Kind.WORD_OR_PLACE and not is_place(layout.compacted) and not _looks_like_places(layout.values(place)):
        return Kind.WORD
    return kind or _kind_by_answers(layout, place) or _kind_by_content(layout, place)


def _kind_by_answers(layout: _Layout, place: int) -> Kind | None:
    """A column in which everybody says yes or no, under a header that speaks of mail."""
    values = layout.values(place)
    if values and all(words.truth(value) is not None for value in values):
        return answer_kind(layout.shown[place])
    return None


def _looks_like_places(values: Sequence[str]) -> bool:
    """``CA``, ``NSW``, ``Ohio``: parts of a country."""
    short = all(value.isalpha() and value.isupper() and len(value) <= 3 for value in values)
    return bool(values) and (short or are_regions(values))


def _unnamed_kind(layout: _Layout, place: int) -> Kind | None:
    """A column without a header: truth values there may mean anything, status words mean what they say."""
    values = layout.values(place)
    if values and all(words.truth(value) is not None for value in values):
        # Ones alone, or noughts alone, are a count; both are an answer.
        return Kind.ASK_ANY if not all(map(words.is_number, values)) or len(set(values)) > 1 else None
    return _kind_by_content(layout, place)


def _kind_by_content(layout: _Layout, place: int) -> Kind | None:
    """A column whose cells are status words, some of them opt-outs, is a status column whatever it is called."""
    distinct = {value for value in set(layout.values(place)) if words.truth(value) is None}
    if not distinct or len(distinct) > _MOST_STATUS_WORDS:
        return None
    said = [words.status(value) for value in distinct]
    header = layout.shown[place]
    if Meaning.OUT not in said or is_other_channel(header) or is_other_status(header) or is_free_text(header):
        return None
    if any(words.outright(value) for value in distinct) and said.count(Meaning.UNKNOWN) * 2 <= len(said):
        return Kind.FOUND_WORD
    return Kind.FOUND_WORD if Meaning.IN in said and Meaning.UNKNOWN not in said else None


def _tiering(layout: _Layout, wishes: Wishes) -> tuple[Tiering, set[int]]:
    """The columns that tell what is paid: the user's, else the service's, else one with a header that says so."""
    named = wishes.place("tier", layout.shown, None)
    if named is not None:
        return Tiering([(named, TierColumn(layout.compacted[named]))]), {named}
    columns = [
        (layout.compacted.index(column.header), column)
        for column in layout.service.tiers
        if column.header in layout.compacted
    ]
    if not layout.service.tiers:
        place = headers.find(HEADERS, layout.compacted)
        columns = [] if place is None else [(place, TierColumn(layout.compacted[place]))]
    return Tiering(columns), {place for place, _ in columns}
