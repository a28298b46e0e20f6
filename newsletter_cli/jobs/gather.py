"""What a sending needs, read and judged before anything is contacted: settings, post, lists.

`gather` raises Refused with every mistake of all three at once. `survey` then says, for one audience, who would be
mailed and who would not and why. Both only read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter_cli import files, tokens
from newsletter_cli.audience.model import LeftOut
from newsletter_cli.jobs.prepare import Prepared, prepare
from newsletter_cli.ledger.model import NewRecipient
from newsletter_cli.problems import Problem, Refused, errors
from newsletter_cli.rendering.model import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from newsletter_cli.audience.roll import Chosen, Roll
    from newsletter_cli.config.settings import Settings
    from newsletter_cli.post.model import Meta
    from newsletter_cli.tokens import Keys


@dataclass(frozen=True, slots=True)
class ListSource:
    """One list: the name shown in messages, and its bytes (standard input) or None to read the file of that name."""

    name: str
    data: bytes | None = None

    def read(self, folder: Path | None = None) -> bytes:
        """The bytes. Raises Refused where the file cannot be read."""
        if self.data is not None:
            return self.data
        from pathlib import Path

        path = Path(self.name)
        return files.read_bytes(path if folder is None else folder / path, what="the list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A post and its lists, both sound. `roll` is None where no list was needed."""

    prepared: Prepared
    roll: Roll
    problems: tuple[Problem, ...]  # warnings

    def chosen(self) -> Iterator[Chosen]:
        """Those of the list whom the post's audience takes in, in list order."""
        return self.roll.chosen(self._meta.audience, segment=self._meta.segment, paywalled=self.prepared.paywalled)

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
) -> Gathered:
    """Read and judge everything. Raises Refused with every mistake at once."""
    from newsletter_cli.config.load import require_sending

    wrong: list[Problem] = [*settings.problems, *require_sending(settings)]
    prepared = roll = None
    try:
        prepared = prepare(post, settings, automatic=automatic)
        wrong += prepared.problems
    except Refused as refusal:
        wrong += refusal.problems
    try:
        roll = read_lists(lists, settings=settings, keys=keys, exclude=exclude)
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
    return Roll.build(
        [(source.name, source.read(folder)) for source in lists],
        person=lambda key: tokens.person(keys, settings.newsletter.id, key),
        exclude=[(source.name, source.read()) for source in exclude],
        columns=settings.list.columns,
        opt_out=settings.list.opt_out,
        allow_empty=allow_empty,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """For one post: how many would be mailed, and every row that would not."""

    mailable: int
    left_out: tuple[LeftOut, ...]
    problems: tuple[Problem, ...] = field(default=())


def with_bars(chosen: Iterable[Chosen], *, keys: Keys, barred: Mapping[bytes, str]) -> Iterator[tuple[Chosen, str]]:
    """Each one with why they are suppressed, empty where they are not. `barred` maps a suppression's `who` to it."""
    for one in chosen:
        yield one, barred.get(one.person) or barred.get(tokens.everywhere(keys, one.subscriber.address.key)) or ""


def suppressed(chosen: Chosen, reason: str) -> LeftOut:
    """A row that is on the list and suppressed: skipped and counted, never a reason to refuse."""
    subscriber = chosen.subscriber
    return LeftOut(subscriber.file, subscriber.line, str(subscriber.address), f"suppressed: {reason}")


def survey(gathered: Gathered, *, keys: Keys, barred: Mapping[bytes, str]) -> Survey:
    """Count who would be mailed. `barred` maps the `who` of each suppression to its reason."""
    from newsletter_cli.message.fill import missing

    left = list(gathered.left_out())
    drafts = gathered.prepared.drafts
    wrong: list[Problem] = []
    mailable = 0
    for chosen, reason in with_bars(gathered.chosen(), keys=keys, barred=barred):
        subscriber = chosen.subscriber
        if reason:
            left.append(suppressed(chosen, reason))
            continue
        mailable += 1
        slot = missing(drafts[Version(chosen.version)], subscriber.fields)
        if slot is not None:
            wrong.append(
                Problem(
                    text=f"the row of {subscriber.address} has no {' or '.join(slot.names)}, which the post asks for",
                    file=subscriber.file,
                    line=subscriber.line,
                    hint=f'fill it in, or give a fallback: {{{{ {slot.names[0]} or "friend" }}}}',
                )
            )
    left.sort(key=lambda row: (row.file, row.line))
    return Survey(mailable=mailable, left_out=tuple(left), problems=tuple(wrong))


def recipients(gathered: Gathered, *, keys: Keys, only: bytes | None = None) -> Iterator[NewRecipient]:
    """The rows to queue; with `only`, that person's alone."""
    keep_fields = bool(gathered.prepared.post.meta.merge)
    everyone = gathered.chosen()
    for chosen in everyone if only is None else filter(None, [gathered.get(only)]):
        subscriber = chosen.subscriber
        yield NewRecipient(
            person=chosen.person,
            everywhere=tokens.everywhere(keys, subscriber.address.key),
            email=str(subscriber.address),
            version=chosen.version,
            file=subscriber.file,
            line=subscriber.line,
            # What no merge field can ask for is not copied out of the list.
            fields=subscriber.fields if keep_fields else {},
        )
