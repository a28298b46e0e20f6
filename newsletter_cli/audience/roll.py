"""The roll: all lists of a send merged into one, each person once, everybody else with line and reason.

`Roll.build` streams the lists into a temporary SQLite database (`sqlite3.connect("")`: it moves to a file without a
name once it outgrows its cache), so memory does not grow with the lists. Rows stay in list order, by file and line. Of
several rows of one person the better is kept: one that opted out, then one that pays more,
then the first; the others are left out as duplicates.

Raises Refused, with every problem of every list at once: no address, an opt-out that is not understood, nobody to mail.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from newsletter_cli import addresses
from newsletter_cli.audience import (
    duplicates,
    packed,
    rolling,
    segment as segments,
    select,
    table,
    wishes as asked,
)
from newsletter_cli.audience.exports import SAMPLE_ROWS, recognise
from newsletter_cli.audience.hints import Hints
from newsletter_cli.audience.lazy import LazyFields
from newsletter_cli.audience.model import NO_FIELDS, Counts, Entry, LeftOut, ListFile, Shelf, Subscriber
from newsletter_cli.audience.rolling import MAILABLE
from newsletter_cli.audience.tiers import TIER
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from newsletter_cli.audience.reader import Reader
    from newsletter_cli.audience.wishes import Wishes
    from newsletter_cli.post.model import Audience

_CANONICAL = ("first_name", "last_name", "name", "tier")  # columns that every list has for a segment
_COLUMNS = "seq, list, line, person, everywhere, email, level, reason, twin, cells"
# NOT INDEXED: in list order, or by seq; by the index over persons every row is a jump.
_SELECT = f"SELECT {_COLUMNS} FROM row NOT INDEXED"  # noqa: S608 - our own text
_OF_PERSON = f"SELECT {_COLUMNS} FROM row WHERE person = ? AND {MAILABLE}"  # noqa: S608 - the same


class Chosen(NamedTuple):
    """One who gets the post, and in which version: ``full`` or ``free``; who they are is as `build` was told."""

    person: bytes
    everywhere: bytes
    subscriber: Subscriber
    version: str


class _Row(NamedTuple):
    seq: int
    list: int
    line: int
    person: bytes | None
    everywhere: bytes | None
    email: str
    level: int
    reason: str
    twin: int | None
    cells: str


@dataclass(frozen=True, slots=True)
class _Decision:
    """What a post means to a row: the choice by its level, and whether a segment leaves it out (None: none does)."""

    choices: tuple[select.Choice, ...]
    outside: Callable[[_Row], bool] | None = None
    outside_reason: str = ""

    def levels(self, *, mailed: bool) -> str:
        """The levels that get the post, or those that do not, as SQL lists them."""
        return ", ".join(str(level) for level, choice in enumerate(self.choices) if bool(choice.version) is mailed)


class Roll:
    """The merged lists. Made by `build`; may be asked any number of times; closed by `close`."""

    def __init__(self, database: sqlite3.Connection, who: rolling.Who) -> None:
        self._database = database
        self._close = weakref.finalize(self, database.close)  # at the latest when nobody holds the roll
        self._who = who
        self._readers: list[Reader] = []
        self._lists: list[ListFile] = []
        self._decisions: dict[tuple[Audience, str, bool], _Decision] = {}
        self.problems: tuple[Problem, ...] = ()

    @classmethod
    def build(
        cls,
        lists: Sequence[tuple[str, bytes | BinaryIO]],
        *,
        person: Callable[[str], bytes],
        everywhere: Callable[[str], bytes],
        exclude: Sequence[tuple[str, bytes | BinaryIO]] = (),
        columns: Mapping[str, str | Iterable[str]] | None = None,
        opt_out: Mapping[str, str | Iterable[str]] | Iterable[str] = (),
        allow_empty: bool = False,
    ) -> Roll:
        """Read (file name, content) pairs. `exclude`: lists of addresses that are not to be mailed, whatever they say.

        `person` and `everywhere` say who an address key is, to this newsletter and to all; people are told apart by
        the first. With `allow_empty` a roll in which nobody may be mailed is no reason to refuse.
        """
        database = rolling.database()
        roll = cls(database, rolling.Who(person, everywhere))
        try:
            roll._fill(lists, exclude, asked.read(columns or {}, opt_out), allow_empty=allow_empty)
        except BaseException:
            roll.close()
            raise
        return roll

    def close(self) -> None:
        """Give the temporary database back."""
        self._close()

    # Filling

    def _fill(
        self,
        lists: Sequence[tuple[str, bytes | BinaryIO]],
        exclude: Sequence[tuple[str, bytes | BinaryIO]],
        wishes: Wishes,
        *,
        allow_empty: bool,
    ) -> None:
        found: list[Problem] = []
        hints = Hints()
        for number, (file, data) in enumerate(lists):
            try:
                found += self._read_list(number, file, data, wishes=wishes, hints=hints)
            except Refused as refused:
                found += refused.problems
        if lists and len(self._readers) == len(lists):
            found += rolling.missing_columns(wishes, self._readers)
        for file, data in exclude:
            try:
                with rolling.transaction(self._database):
                    duplicates.note_excluded(self._database, rolling.persons_of(file, data, wishes, self._who))
            except Refused as refused:
                found += refused.problems
        stopping = tuple(problem for problem in found if problem.severity == "error")
        if stopping:
            raise Refused(*stopping)
        with rolling.transaction(self._database):
            duplicates.settle(self._database)
            duplicates.exclude(self._database)
        rolling.settled(self._database)
        self.problems = (*found, *hints.problems)
        if not allow_empty and not self.counts.mailable:
            raise Refused(rolling.nobody(self.counts, ", ".join(entry.file for entry in self._lists)))

    def _read_list(
        self, number: int, file: str, data: bytes | BinaryIO, *, wishes: Wishes, hints: Hints
    ) -> Iterator[Problem]:
        """Read one list to its end; gives what is wrong with it."""
        opened = table.rows(data, file=file)
        sample = list(islice(opened.rows, SAMPLE_ROWS))
        reader = recognise(opened.header, sample, file=file, wishes=wishes)
        yield from opened.problems
        with rolling.transaction(self._database):
            rows = rolling.judged(number, reader, chain(sample, opened.rows), hints, self._who)
            added = self._database.executemany(rolling.INSERT, rows).rowcount
        self._readers.append(reader)
        self._lists.append(
            ListFile(
                file=file,
                service=reader.service,
                encoding=opened.encoding,
                delimiter=opened.delimiter,
                rows=added,
                header=reader.header,
                tells_opt_out=reader.tells_opt_out,
            )
        )
        yield from reader.problems()
        has_address = "SELECT 1 FROM row NOT INDEXED WHERE list = ? AND person IS NOT NULL LIMIT 1"
        if self._database.execute(has_address, (number,)).fetchone() is None:
            yield rolling.no_address(file, added)

    def _count(self, where: str) -> int:
        row = self._database.execute(f"SELECT count(*) FROM row NOT INDEXED WHERE {where}").fetchone()  # noqa: S608 - our own text
        return int(row[0])

    # What it is

    @property
    def lists(self) -> tuple[ListFile, ...]:
        """The lists in the order given."""
        return tuple(self._lists)

    @property
    def services(self) -> tuple[str, ...]:
        """Whose export each list is, in the order given."""
        return tuple(entry.service for entry in self._lists)

    @cached_property
    def counts(self) -> Counts:
        """How many rows there are, and what became of them."""
        return rolling.counts(self._database)

    # Who gets it

    def chosen(self, audience: Audience, *, segment: str = "", paywalled: bool = False) -> Iterator[Chosen]:
        """Everybody who gets a post for `audience`, in list order.

        Raises Refused at once where the tier that decides is not told for somebody, or the segment is not valid.
        """
        return self._chosen(self._decision(audience, segment=segment, paywalled=paywalled))

    def _chosen(self, decision: _Decision) -> Iterator[Chosen]:
        versions = [choice.version for choice in decision.choices]
        for row in self._rows(self._where(decision)):
            if decision.outside is None or not decision.outside(row):
                yield self._chosen_of(row, versions[row.level])

    def _chosen_of(self, row: _Row, version: str) -> Chosen:
        assert row.person is not None  # a row that may be mailed has an address
        assert row.everywhere is not None
        return Chosen(row.person, row.everywhere, self._subscriber(row), version)

    def entries(
        self, audience: Audience, *, segment: str = "", paywalled: bool = False, fields: bool = True
    ) -> Iterator[Entry]:
        """The same people as `chosen`, in the same order, with their `fields` or none. Raises Refused as it does.

        Fields are read at once: three times what a row costs without.
        """
        decision = self._decision(audience, segment=segment, paywalled=paywalled)
        if decision.outside is not None:
            return (Entry.of(*one) for one in self._chosen(decision))
        return self._entries(decision, fields=fields)

    def _entries(self, decision: _Decision, *, fields: bool) -> Iterator[Entry]:
        versions = [choice.version for choice in decision.choices]
        lists = [(reader.file, reader.fields) for reader in self._readers]
        new, unpack = tuple.__new__, packed.unpack  # the first: half the time of Entry(...), which only calls it
        wanted = f"person, everywhere, email, level, list, line, {'cells' if fields else 'NULL'}"
        for person, everywhere, email, level, number, line, cells in self._database.execute(
            f"SELECT {wanted} FROM row NOT INDEXED {self._where(decision)} ORDER BY seq"  # noqa: S608 - our own text
        ):
            file, read = lists[number]
            found = read(unpack(cells)) if fields else NO_FIELDS
            yield new(Entry, (person, everywhere, email, versions[level], file, line, found))

    def shelf(self, audience: Audience, *, paywalled: bool = False) -> Shelf:
        """The same people without their fields, where they stand, to be copied. Raises Refused as `chosen` does."""
        decision = self._decision(audience, segment="", paywalled=paywalled)
        versions = " ".join(f"WHEN {level} THEN '{one.version}'" for level, one in enumerate(decision.choices))
        files = " ".join(f"WHEN {number} THEN ?" for number in range(len(self._lists)))
        query = (
            f"SELECT seq AS number, person, everywhere, email, CASE level {versions} END AS version,"  # noqa: S608 - our own text
            f" CASE list {files} END AS file, line, NULL AS fields FROM main.row NOT INDEXED {self._where(decision)}"
        )
        (last,) = self._database.execute("SELECT max(seq) FROM row").fetchone()
        return Shelf(self._database, query, tuple(entry.file for entry in self._lists), last or 0)

    def barred(self, who: Mapping[bytes, str], audience: Audience, *, paywalled: bool = False) -> Iterator[LeftOut]:
        """Those of `chosen` who are in `who`, here or everywhere, with what it says of them; quicker than a walk."""
        where = self._where(self._decision(audience, segment="", paywalled=paywalled))
        for person, everywhere, number, line, email in self._database.execute(
            f"SELECT person, everywhere, list, line, email FROM row NOT INDEXED {where} ORDER BY seq"  # noqa: S608 - our own text
        ):
            if person in who or everywhere in who:
                yield LeftOut(self._readers[number].file, line, email, who.get(person) or who[everywhere])

    def count(self, audience: Audience, *, segment: str = "", paywalled: bool = False) -> int:
        """How many `chosen` gives; without a segment at a fraction of the time. Raises Refused as it does."""
        decision = self._decision(audience, segment=segment, paywalled=paywalled)
        if decision.outside is not None:
            return sum(1 for _ in self._chosen(decision))
        row = self._database.execute(f"SELECT count(*) FROM row NOT INDEXED {self._where(decision)}").fetchone()  # noqa: S608 - our own text
        return int(row[0])

    @staticmethod
    def _where(decision: _Decision) -> str:
        return f"WHERE {MAILABLE} AND level IN ({decision.levels(mailed=True)})"

    def left_out(self, audience: Audience, *, segment: str = "", paywalled: bool = False) -> Iterator[LeftOut]:
        """Everybody else, by file and line: no usable address, duplicates, opt-outs, out of the audience."""
        return self._left_out(self._decision(audience, segment=segment, paywalled=paywalled))

    def _left_out(self, decision: _Decision) -> Iterator[LeftOut]:
        some = f"WHERE NOT ({MAILABLE}) OR level IN ({decision.levels(mailed=False)})"
        for row in self._rows(some if decision.outside is None else ""):
            reason = self._reason(row)
            if not reason and decision.outside is not None and decision.outside(row):
                reason = decision.outside_reason
            reason = reason or decision.choices[row.level].reason
            if reason:
                yield LeftOut(self._readers[row.list].file, row.line, row.email, reason)

    def rejects(self) -> Iterator[tuple[LeftOut, tuple[str, ...], list[str]]]:
        """Every row that no audience would be mailed: why, its list's header, and its cells as they stood."""
        for row in self._rows(f"WHERE NOT ({MAILABLE})"):
            reason = self._reason(row)
            reader = self._readers[row.list]
            yield LeftOut(reader.file, row.line, row.email, reason), reader.header, packed.unpack(row.cells)

    def subscribers(self) -> Iterator[Subscriber]:
        """Every row with a usable address, opted out or not, each person once."""
        return map(self._subscriber, self._rows("WHERE person IS NOT NULL AND twin IS NULL"))

    def _rows(self, where: str) -> Iterator[_Row]:
        """Rows in list order."""
        return map(_Row._make, self._database.execute(f"{_SELECT} {where} ORDER BY seq"))

    def get(self, person: bytes, audience: Audience, *, segment: str = "", paywalled: bool = False) -> Chosen | None:
        """One person, if the post is for them."""
        row = self._database.execute(_OF_PERSON, (person,)).fetchone()
        if row is None:
            return None
        found = _Row._make(row)
        decision = self._decision(audience, segment=segment, paywalled=paywalled)
        version = decision.choices[found.level].version
        if not version or (decision.outside is not None and decision.outside(found)):
            return None
        return self._chosen_of(found, version)

    def contains(self, person: bytes) -> bool:
        """Whether a person is in the lists and may be mailed, whatever the audience. The quickest question."""
        return self._database.execute(_OF_PERSON, (person,)).fetchone() is not None

    def _decision(self, audience: Audience, *, segment: str, paywalled: bool) -> _Decision:
        """What decides over a post's rows; made once, since one person after another may be asked for."""
        asked_for = (audience, segment, paywalled)
        if asked_for not in self._decisions:
            self._decisions[asked_for] = self._decide(audience, segment=segment.strip(), paywalled=paywalled)
        return self._decisions[asked_for]

    def _decide(self, audience: Audience, *, segment: str, paywalled: bool) -> _Decision:
        """The decision, once it is known that every row can be decided."""
        choices = select.choices(audience, paywalled=paywalled)
        untold = [str(level) for level, choice in enumerate(choices) if not choice.told]
        if untold:
            self._require_tiers(audience, ", ".join(untold))
        if not segment:
            return _Decision(choices)
        wanted = segments.parse(segment)
        wanted.require({entry.file: (*entry.header, *_CANONICAL) for entry in self._lists})

        def outside(row: _Row) -> bool:
            fields = self._readers[row.list].fields(packed.unpack(row.cells))
            return not wanted.holds(segments.compacted(fields, TIER[row.level].value))

        return _Decision(choices, outside, f"not in the segment: {segment}")

    def _require_tiers(self, audience: Audience, untold: str) -> None:
        where = f"{MAILABLE} AND level IN ({untold})"
        row = self._database.execute(f"{_SELECT} WHERE {where} ORDER BY seq LIMIT 1").fetchone()
        if row is None:
            return
        first = _Row._make(row)
        reader = self._readers[first.list]
        what = "founding" if reader.tiering.tells and audience == "founding" else "paid or free"
        raise Refused(
            Problem(
                text=f"the list does not tell whether {first.email} is {what} (and {self._count(where) - 1} more),"
                f" and the post is for {audience.value.replace('_', ' ')}"
                + (" with a paywall" if audience == "everyone" else ""),
                file=reader.file,
                line=first.line,
                hint="add a column `tier` with free, paid or founding, or name the one that has it: --column tier=…",
                code="list-tier",
            )
        )

    def _subscriber(self, row: _Row) -> Subscriber:
        reader = self._readers[row.list]
        local, _, domain = row.email.rpartition("@")
        return Subscriber(
            address=addresses.Address(local, domain),
            file=reader.file,
            line=row.line,
            tier=TIER[row.level],
            opted_out=row.reason,
            fields=LazyFields(reader.fields, row.cells),
        )

    def _reason(self, row: _Row) -> str:
        """Why a row is mailed in no case."""
        if row.twin is None:
            return row.reason
        number, line = self._database.execute("SELECT list, line FROM row WHERE seq = ?", (row.twin,)).fetchone()
        return f"duplicate of line {line}" + (f" of {self._readers[number].file}" if number != row.list else "")
