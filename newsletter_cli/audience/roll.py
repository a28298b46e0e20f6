"""The roll: all lists of a send merged into one, each person once, everybody else with line and reason.

`Roll.build` streams the lists into a temporary SQLite database (`sqlite3.connect("")`: it moves to a file without a
name once it outgrows its cache), so memory does not grow with the lists. Rows stay in list order, by file and line. Of
several rows of one person, told by the address key, the better is kept: one that opted out, then one that pays more,
then the first; the others are left out as duplicates.

Raises Refused, with every problem of every list at once: no address, an opt-out that is not understood, nobody to mail.
"""

from __future__ import annotations

import weakref
from collections import Counter
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
from newsletter_cli.audience.model import NO_FIELDS, Counts, Entry, LeftOut, ListFile, Subscriber
from newsletter_cli.audience.tiers import TIER
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from newsletter_cli.audience.reader import Reader
    from newsletter_cli.audience.wishes import Wishes
    from newsletter_cli.post.model import Audience

_MAILABLE = "key IS NOT NULL AND twin IS NULL AND reason = ''"
_CANONICAL = ("first_name", "last_name", "name", "tier")  # columns that every list has for a segment
# NOT INDEXED: in list order, or by seq; the index over keys serves duplicates alone, and by it every row is a jump.
_SELECT = "SELECT seq, list, line, key, email, level, reason, twin, cells FROM row NOT INDEXED"

_COUNTS = f"""
SELECT count(*), sum({_MAILABLE}), sum(key IS NULL), sum(twin IS NOT NULL),
    sum(key IS NOT NULL AND twin IS NULL AND reason <> '' AND reason NOT LIKE ?),
    sum(key IS NOT NULL AND twin IS NULL AND reason LIKE ?)
FROM row NOT INDEXED
"""  # noqa: S608 - our own text


class Chosen(NamedTuple):
    """One who gets the post, and in which version: ``full`` or ``free``. `person` is what `build`'s function gave."""

    person: bytes
    subscriber: Subscriber
    version: str


class _Row(NamedTuple):
    seq: int
    list: int
    line: int
    key: str | None
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

    def __init__(self, database: sqlite3.Connection, person: Callable[[str], bytes]) -> None:
        self._database = database
        self._close = weakref.finalize(self, database.close)  # at the latest when nobody holds the roll
        self._person = person
        self._readers: list[Reader] = []
        self._lists: list[ListFile] = []
        self._persons_ready = False
        self._decisions: dict[tuple[Audience, str, bool], _Decision] = {}
        self.problems: tuple[Problem, ...] = ()

    @classmethod
    def build(
        cls,
        lists: Sequence[tuple[str, bytes | BinaryIO]],
        *,
        person: Callable[[str], bytes],
        exclude: Sequence[tuple[str, bytes | BinaryIO]] = (),
        columns: Mapping[str, str | Iterable[str]] | None = None,
        opt_out: Mapping[str, str | Iterable[str]] | Iterable[str] = (),
        allow_empty: bool = False,
    ) -> Roll:
        """Read (file name, content) pairs. `exclude`: lists of addresses that are not to be mailed, whatever they say.

        With `allow_empty` a roll in which nobody may be mailed is no reason to refuse.
        """
        database = rolling.database()
        roll = cls(database, person)
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
                    duplicates.note_excluded(self._database, rolling.addresses_of(file, data, wishes))
            except Refused as refused:
                found += refused.problems
        stopping = tuple(problem for problem in found if problem.severity == "error")
        if stopping:
            raise Refused(*stopping)
        with rolling.transaction(self._database):
            duplicates.settle(self._database)
            duplicates.exclude(self._database)
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
        before = self._count("1")
        with rolling.transaction(self._database):
            rows = rolling.judged(number, reader, chain(sample, opened.rows), hints)
            self._database.executemany(rolling.INSERT, rows)
        added = self._count("1") - before
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
        if not self._count(f"list = {number} AND key IS NOT NULL"):
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
        excluded = f"{rolling.EXCLUDED}%"
        found = self._database.execute(_COUNTS, (excluded, excluded)).fetchone()
        levels = self._database.execute(
            f"SELECT level, count(*) FROM row NOT INDEXED WHERE {_MAILABLE} GROUP BY level"  # noqa: S608 - our own text
        )
        by_tier: Counter[str] = Counter()
        for level, count in levels:
            by_tier[TIER[level].value] += count
        rows, mailable, invalid, duplicates, opted_out, excluded_rows = (int(count or 0) for count in found)
        return Counts(
            rows=rows,
            mailable=mailable,
            opted_out=opted_out,
            invalid=invalid,
            duplicates=duplicates,
            excluded=excluded_rows,
            by_tier=dict(by_tier),
        )

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
                yield Chosen(self._person(str(row.key)), self._subscriber(row), versions[row.level])

    def entries(
        self, audience: Audience, *, segment: str = "", paywalled: bool = False, fields: bool = True
    ) -> Iterator[Entry]:
        """The same people as `chosen`, in the same order, with their `fields` or none. Raises Refused as it does."""
        decision = self._decision(audience, segment=segment, paywalled=paywalled)
        if decision.outside is not None:
            return (Entry.of(one.person, one.subscriber, one.version) for one in self._chosen(decision))
        return self._entries(decision, fields=fields)

    def _entries(self, decision: _Decision, *, fields: bool) -> Iterator[Entry]:
        versions = [choice.version for choice in decision.choices]
        lists = [(reader.file, reader.fields) for reader in self._readers]
        person, new = self._person, tuple.__new__  # half the time of Entry(...), which only calls it
        wanted = f"list, line, key, email, level, {'cells' if fields else 'NULL'}"
        for number, line, key, email, level, cells in self._database.execute(
            f"SELECT {wanted} FROM row NOT INDEXED {self._where(decision)} ORDER BY seq"  # noqa: S608 - our own text
        ):
            file, read = lists[number]
            found = LazyFields(read, cells) if fields else NO_FIELDS
            yield new(Entry, (person(key), key, email, versions[level], file, line, found))

    def count(self, audience: Audience, *, segment: str = "", paywalled: bool = False) -> int:
        """How many `chosen` gives; without a segment at a fraction of the time. Raises Refused as it does."""
        decision = self._decision(audience, segment=segment, paywalled=paywalled)
        if decision.outside is not None:
            return sum(1 for _ in self._chosen(decision))
        row = self._database.execute(f"SELECT count(*) FROM row NOT INDEXED {self._where(decision)}").fetchone()  # noqa: S608 - our own text
        return int(row[0])

    @staticmethod
    def _where(decision: _Decision) -> str:
        return f"WHERE {_MAILABLE} AND level IN ({decision.levels(mailed=True)})"

    def left_out(self, audience: Audience, *, segment: str = "", paywalled: bool = False) -> Iterator[LeftOut]:
        """Everybody else, by file and line: no usable address, duplicates, opt-outs, out of the audience."""
        return self._left_out(self._decision(audience, segment=segment, paywalled=paywalled))

    def _left_out(self, decision: _Decision) -> Iterator[LeftOut]:
        some = f"WHERE NOT ({_MAILABLE}) OR level IN ({decision.levels(mailed=False)})"
        for row in self._rows(some if decision.outside is None else ""):
            reason = self._reason(row)
            if not reason and decision.outside is not None and decision.outside(row):
                reason = decision.outside_reason
            reason = reason or decision.choices[row.level].reason
            if reason:
                yield LeftOut(self._readers[row.list].file, row.line, row.email, reason)

    def rejects(self) -> Iterator[tuple[LeftOut, tuple[str, ...], list[str]]]:
        """Every row that no audience would be mailed: why, its list's header, and its cells as they stood."""
        for row in self._rows(f"WHERE NOT ({_MAILABLE})"):
            reason = self._reason(row)
            reader = self._readers[row.list]
            yield LeftOut(reader.file, row.line, row.email, reason), reader.header, packed.unpack(row.cells)

    def subscribers(self) -> Iterator[Subscriber]:
        """Every row with a usable address, opted out or not, each person once."""
        return map(self._subscriber, self._rows("WHERE key IS NOT NULL AND twin IS NULL"))

    def _rows(self, where: str) -> Iterator[_Row]:
        """Rows in list order."""
        return map(_Row._make, self._database.execute(f"{_SELECT} {where} ORDER BY seq"))

    def get(self, person: bytes, audience: Audience, *, segment: str = "", paywalled: bool = False) -> Chosen | None:
        """One person, if the post is for them."""
        self._index_persons()
        row = self._database.execute(f"{_SELECT} JOIN who USING (seq) WHERE person = ?", (person,)).fetchone()
        if row is None:
            return None
        found = _Row._make(row)
        decision = self._decision(audience, segment=segment, paywalled=paywalled)
        version = decision.choices[found.level].version
        if not version or (decision.outside is not None and decision.outside(found)):
            return None
        return Chosen(person, self._subscriber(found), version)

    def contains(self, person: bytes) -> bool:
        """Whether a person is in the lists and may be mailed, whatever the audience. The quickest question."""
        self._index_persons()
        return self._database.execute("SELECT 1 FROM who WHERE person = ?", (person,)).fetchone() is not None

    def _index_persons(self) -> None:
        """Make the table of persons; only those who go on with a campaign ask for it."""
        if self._persons_ready:
            return
        keys = self._database.execute(f"SELECT key, seq FROM row NOT INDEXED WHERE {_MAILABLE}")  # noqa: S608 - our own text
        rolling.index_persons(self._database, ((self._person(key), seq) for key, seq in keys))
        self._persons_ready = True

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
        where = f"{_MAILABLE} AND level IN ({untold})"
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
