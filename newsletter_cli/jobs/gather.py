"""What a sending needs, read and judged before anything is contacted: settings, post, lists.

`gather` raises Refused with every mistake of all three at once. `survey` then says, for one audience, who would be
mailed and who would not and why. Both only read.
"""

from __future__ import annotations

import heapq
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from newsletter_cli import tokens
from newsletter_cli.audience.model import Entry, LeftOut
from newsletter_cli.jobs import streams
from newsletter_cli.jobs.prepare import Prepared, prepare
from newsletter_cli.ledger.model import NO_FIELDS, NewRecipient, Shelf
from newsletter_cli.problems import Problem, Refused, errors
from newsletter_cli.rendering.model import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from newsletter_cli.audience.roll import Chosen, Roll
    from newsletter_cli.config.settings import Settings
    from newsletter_cli.message.model import Draft
    from newsletter_cli.post.model import Meta
    from newsletter_cli.tokens import Keys


_TOLD_ROWS = 20_000  # a few times a second


@dataclass(frozen=True, slots=True)
class ListSource:
    """One list: the name shown in messages, and its octets (standard input) or None to read the file of that name."""

    name: str
    data: bytes | BinaryIO | None = None

    def read(self) -> bytes:
        """The octets, whole. Raises Refused where the file cannot be read."""
        with self.opened() as (_, data):
            return data if isinstance(data, bytes) else data.read()

    @contextmanager
    def opened(
        self, folder: Path | None = None, *, told: Callable[[str], None] = lambda _: None
    ) -> Iterator[tuple[str, bytes | BinaryIO]]:
        """The name and the octets, to be read in pieces; `told` is given how far it is. Raises Refused."""
        if self.data is not None:
            yield self.name, self.data
            return
        from pathlib import Path

        path = Path(self.name)
        stream = streams.opened(path if folder is None else folder / path, told)
        try:
            yield self.name, stream
        finally:
            stream.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A post and its lists, both sound. `roll` is None where no list was needed."""

    prepared: Prepared
    roll: Roll
    problems: tuple[Problem, ...]  # warnings

    def chosen(self) -> Iterator[Chosen]:
        """Those of the list whom the post's audience takes in, in list order."""
        return self.roll.chosen(self._meta.audience, segment=self._meta.segment, paywalled=self.prepared.paywalled)

    def entries(self, *, fields: bool = True) -> Iterator[Entry]:
        """The same people as tuples, with their columns or without."""
        meta, paywalled = self._meta, self.prepared.paywalled
        return self.roll.entries(meta.audience, segment=meta.segment, paywalled=paywalled, fields=fields)

    def count(self) -> int:
        """How many they are."""
        return self.roll.count(self._meta.audience, segment=self._meta.segment, paywalled=self.prepared.paywalled)

    def barred(self, who: Mapping[bytes, str]) -> Iterator[LeftOut]:
        """Those of them who are in `who`, which says why they are not mailed. For a post without a segment."""
        return self.roll.barred(who, self._meta.audience, paywalled=self.prepared.paywalled)

    def left_out(self) -> Iterator[LeftOut]:
        """Everybody else, by file and line."""
        return self.roll.left_out(self._meta.audience, segment=self._meta.segment, paywalled=self.prepared.paywalled)

    def get(self, person: bytes) -> Chosen | None:
        """One person, if the post is for them."""
        meta, paywalled = self._meta, self.prepared.paywalled
        return self.roll.get(person, meta.audience, segment=meta.segment, paywalled=paywalled)

    @property
    def _meta(self) -> Meta:
        return self.prepared.post.meta


def gather(
    post: Path,
    lists: Sequence[ListSource],
    *,
    settings: Settings,
    keys: Keys,
    exclude: Sequence[ListSource] = (),
    automatic: bool = False,
    told: Callable[[str], None] = lambda _: None,
) -> Gathered:
    """Read and judge everything. Raises Refused with every mistake at once. `told` is given what goes on."""
    from newsletter_cli.config.load import require_sending

    wrong: list[Problem] = [*settings.problems, *require_sending(settings)]
    prepared = roll = None
    told(f"reading {post}")
    try:
        prepared = prepare(post, settings, automatic=automatic)
        wrong += prepared.problems
    except Refused as refusal:
        wrong += refusal.problems
    try:
        roll = read_lists(lists, settings=settings, keys=keys, exclude=exclude, told=told)
        wrong += roll.problems
    except Refused as refusal:
        wrong += refusal.problems
    if errors(wrong) or prepared is None or roll is None:
        raise Refused(*errors(wrong))
    return Gathered(prepared=prepared, roll=roll, problems=tuple(wrong))


def read_lists(
    lists: Sequence[ListSource],
    *,
    settings: Settings,
    keys: Keys,
    exclude: Sequence[ListSource] = (),
    allow_empty: bool = False,
    told: Callable[[str], None] = lambda _: None,
) -> Roll:
    """Merge the lists given, or those of `[list] files`. Raises Refused where there is none or one cannot be read.

    With `allow_empty` a list in which nobody may be mailed is no reason to refuse.
    """
    from newsletter_cli.audience.roll import Roll

    folder = None
    if not lists:
        lists = [ListSource(name) for name in settings.list.files]
        folder = settings.folder
    if not lists:
        raise Refused(
            Problem(text="no list of subscribers was given", hint="give --list FILE, or set files under [list]")
        )
    with ExitStack() as stack:
        return Roll.build(
            [stack.enter_context(source.opened(folder, told=told)) for source in lists],
            person=tokens.persons(keys, settings.newsletter.id),
            everywhere=tokens.everywheres(keys),
            exclude=[stack.enter_context(source.opened(told=told)) for source in exclude],
            columns=settings.list.columns,
            opt_out=settings.list.opt_out,
            allow_empty=allow_empty,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """For one post: how many would be mailed, and the rows that would not, by file and line: all, or the first few."""

    mailable: int
    left_out: tuple[LeftOut, ...]
    left_out_total: int
    problems: tuple[Problem, ...] = field(default=())


def with_bars(chosen: Iterable[Chosen], *, barred: Mapping[bytes, str]) -> Iterator[tuple[Chosen, str]]:
    """Each one with why they are not mailed, empty where they are. `barred` maps their `who` to it."""
    for one in chosen:
        yield one, barred.get(one.person) or barred.get(one.everywhere) or ""


def barred_row(chosen: Chosen, reason: str) -> LeftOut:
    """A row that is on the list and not mailed for what the ledger knows: counted, never a reason to refuse."""
    subscriber = chosen.subscriber
    return LeftOut(subscriber.file, subscriber.line, str(subscriber.address), reason)


def first_left(rows: Iterable[LeftOut], *, keep: int | None) -> tuple[tuple[LeftOut, ...], int]:
    """The first `keep` rows by file and line (None: all of them), and how many there are: a million are not held."""
    total = 0

    def counted() -> Iterator[LeftOut]:
        nonlocal total
        for row in rows:
            total += 1
            yield row

    kept = sorted(counted(), key=_place) if keep is None else heapq.nsmallest(keep, counted(), key=_place)
    return tuple(kept), total


def _place(row: LeftOut) -> tuple[str, int]:
    return row.file, row.line


def survey(gathered: Gathered, *, barred: Mapping[bytes, str], keep: int | None = None) -> Survey:
    """Count who would be mailed. `barred` maps those the ledger bars by their `who` to the reason.

    Everybody is looked at one by one only where a merge field has no fallback, or for a segment; else the roll counts.
    """
    drafts = gathered.prepared.drafts
    fields = any(slot.fallback is None for draft in drafts.values() for slot in draft.slots)
    out: list[LeftOut] = []
    if not fields and not (barred and gathered.prepared.post.meta.segment):
        out += gathered.barred(barred) if barred else ()
        left, total = first_left(chain(gathered.left_out(), out), keep=keep)
        return Survey(mailable=gathered.count() - len(out), left_out=left, left_out_total=total)
    wrong: list[Problem] = []
    mailable = 0
    for one in gathered.entries(fields=fields):
        reason = barred.get(one.person) or barred.get(one.everywhere)
        if reason:
            out.append(LeftOut(one.file, one.line, one.email, reason))
            continue
        mailable += 1
        if fields:
            wrong += _lacking(one, drafts)
    left, total = first_left(chain(gathered.left_out(), out), keep=keep)
    return Survey(mailable=mailable, left_out=left, left_out_total=total, problems=tuple(wrong))


def lacking(gathered: Gathered, chosen: Chosen) -> Problem | None:
    """What the post asks for and this row does not have."""
    return next(_lacking(Entry.of(*chosen), gathered.prepared.drafts), None)


def _lacking(one: Entry, drafts: Mapping[Version, Draft]) -> Iterator[Problem]:
    """What the post asks for and a row does not have."""
    from newsletter_cli.message.fill import missing

    slot = missing(drafts[Version(one.version)], one.fields)
    if slot is not None:
        yield Problem(
            text=f"the row of {one.email} has no {' or '.join(slot.names)}, which the post asks for",
            file=one.file,
            line=one.line,
            hint=f'fill it in, or give a fallback: {{{{ {slot.names[0]} or "friend" }}}}',
        )


def to_queue(gathered: Gathered, *, told: Callable[[int], None]) -> Iterable[NewRecipient]:
    """The rows of a beginning. Where nothing of a row must be looked into they can be copied as they stand."""
    meta, rows = gathered.prepared.post.meta, recipients(gathered, told=told)
    if meta.merge or meta.segment:
        return rows
    stand = gathered.roll.shelf(meta.audience, paywalled=gathered.prepared.paywalled)
    return Shelf(rows=rows, told=told, **stand._asdict())


def recipients(
    gathered: Gathered, *, only: bytes | None = None, told: Callable[[int], None] = lambda _: None
) -> Iterator[NewRecipient]:
    """The rows to queue; with `only`, that person's alone. `told` is given their number now and then."""
    keep_fields = bool(gathered.prepared.post.meta.merge)
    new = tuple.__new__  # half the time of NewRecipient(...), which only calls it
    found = gathered.entries(fields=keep_fields)
    if only is not None:
        chosen = gathered.get(only)
        found = iter(() if chosen is None else (Entry.of(*chosen),))
    for number, (person, everywhere, email, version, file, line, fields) in enumerate(found):
        if not number % _TOLD_ROWS:
            told(number)
        # What no merge field can ask for is not copied out of the list.
        kept = fields if keep_fields else NO_FIELDS
        yield new(NewRecipient, (person, everywhere, email, version, file, line, kept))
