"""`newsletter preview POST`: the mail in a browser, made anew as post, images, templates, settings or lists are saved.

A `Showroom` is what the little server of `web.live` shows: it prepares the post as a send would, fills it for whoever
was chosen, and keeps the last mail that could be made while the post is broken midway. `open_showroom` raises Refused
where the post cannot be read at the start, or the port is taken. Contacts nothing, writes no file.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from newsletter_cli.jobs import check as checking, gather, preview as job
from newsletter_cli.jobs.prepare import prepare
from newsletter_cli.message import parts
from newsletter_cli.problems import Problem, Refused, UsageError
from newsletter_cli.rendering import page
from newsletter_cli.web.preview import Choice, Reader, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from newsletter_cli.audience.roll import Chosen, Roll
    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.prepare import Prepared
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.web.live import Live

READERS_SHOWN = 50
# Each watched folder takes one of the system's watches; the pictures of a post lie beside it or a few folders below.
FOLDERS_WATCHED = 200
_NOT_WATCHED = {"node_modules", "__pycache__"}


class Showroom:
    """One post as its readers would get it now. Not for several threads at once."""

    def __init__(
        self, open_workspace: Callable[[], Workspace], post: Path, *, lists: Sequence[ListSource] = ()
    ) -> None:
        self._open = open_workspace
        self._post = post
        self._lists = lists
        self._wrong: tuple[Problem, ...] = ()
        self._pictures: dict[str, tuple[str, bytes]] = {}
        self._roll: Roll | None = None
        self._roll_stamps: object = None
        self._templates: tuple[str, ...] = ()
        self._workspace = open_workspace()
        self._prepared: Prepared | None = prepare(post, self._workspace.settings)
        self._notes = self._seen_by_readers()
        self._print = self._fingerprint()

    def require(self, address: str, tier: str) -> tuple[Problem, ...]:
        """What is wrong with the mail that was asked for. Raises Refused or UsageError where it cannot be made."""
        return self._made(Choice(address=address, tier=tier)).problems

    def look(self, choice: Choice) -> Shown:
        """The mail for one reader; what cannot be made is said in its problems."""
        problems = self._wrong
        made = None
        if self._prepared is not None:
            try:
                made = self._made(choice)
            except (Refused, UsageError) as error:
                problems += _problems_of(error)
                made = self._made_anyhow(choice)
        mail = parts.opened(made.eml) if made else None
        if mail is not None:
            self._pictures |= {cid: (image.mime, image.data) for cid, image in mail.images.items()}
        return Shown(
            post=str(self._post),
            choice=choice,
            mail=mail,
            eml=made.eml if made else b"",
            address=made.address if made else "",
            version=made.version.value if made else "",
            paywalled=self._prepared.paywalled if self._prepared else False,
            stale=bool(self._wrong),
            has_list=bool(self._lists or self._workspace.settings.list.files),
            # Of a mail that is gone from the file nothing is said: its lines are others now.
            problems=problems if self._wrong else (*problems, *(made.problems if made else ()), *self._notes),
        )

    def readers(self, query: str) -> tuple[Sequence[Reader], bool, str]:
        """The first of the list whose address or name holds `query`."""
        if self._prepared is None:
            return (), False, "the post cannot be read"
        wanted = query.strip().casefold()
        found: list[Reader] = []
        try:
            for chosen in self._everyone():
                reader = _reader(chosen)
                if wanted in reader.address.casefold() or wanted in reader.name.casefold():
                    if len(found) == READERS_SHOWN:
                        return found, True, ""
                    found.append(reader)
        except Refused as refusal:
            return (), False, str(refusal)
        return found, False, ""

    def picture(self, cid: str) -> tuple[str, bytes] | None:
        """An embedded picture of a mail that was looked at."""
        return self._pictures.get(cid)

    def refresh(self) -> bool:
        """Read everything again; whether anything looks different."""
        self._notice_templates()
        try:
            self._workspace = self._open()
            self._prepared = prepare(self._post, self._workspace.settings)
            self._wrong = ()
            self._notes = self._seen_by_readers()
            seen = self._fingerprint()
        except (Refused, UsageError) as error:
            self._wrong = _problems_of(error)
            seen = repr(self._wrong)
        changed, self._print = seen != self._print, seen
        return changed

    def folders(self) -> tuple[Path, ...]:
        """The folders of the post and its pictures, of the templates, the settings and the lists."""
        settings = self._workspace.settings
        found = [*_below(self._post.parent.absolute()), *_below(settings.folder / "templates"), settings.folder]
        if settings.file is not None:
            found.append(settings.file.parent)
        found += [path.parent for path in self._list_files()]
        return tuple(dict.fromkeys(folder for folder in found if folder.is_dir()))

    def _notice_templates(self) -> None:
        """Let a template that came or went be found: Jinja looks only at the age of those it has read."""
        folder = self._workspace.settings.folder / "templates"
        names = tuple(sorted(str(path) for path in folder.rglob("*")))
        if names != self._templates:
            self._templates = names
            page.environment.cache_clear()

    def _made(self, choice: Choice) -> job.Preview:
        assert self._prepared is not None  # asked by look
        reader = None
        if choice.address:
            reader = job.one_of(self._read_lists(), self._workspace, self._prepared, choice.address)
        return job.made(self._workspace, self._prepared, reader=reader, tier=choice.tier)

    def _made_anyhow(self, choice: Choice) -> job.Preview | None:
        """The mail of the made-up reader, where the chosen one's cannot be made."""
        assert self._prepared is not None  # asked by look
        try:
            return job.made(self._workspace, self._prepared, tier="free" if choice.tier == "free" else "")
        except Refused:
            return None

    def _everyone(self) -> Iterator[Chosen]:
        assert self._prepared is not None  # asked by readers
        meta = self._prepared.post.meta
        return self._read_lists().chosen(meta.audience, segment=meta.segment, paywalled=self._prepared.paywalled)

    def _read_lists(self) -> Roll:
        """The lists, read again only when one was saved. Raises Refused."""
        stamps = (self._list_stamps(), job.shown_keys(self._workspace).fingerprint)
        if self._roll is None or stamps != self._roll_stamps:
            keys = job.shown_keys(self._workspace)
            fresh = gather.read_lists(self._lists, settings=self._workspace.settings, keys=keys)
            if self._roll is not None:
                self._roll.close()
            self._roll = fresh
            self._roll_stamps = stamps
        return self._roll

    def _list_files(self) -> list[Path]:
        from pathlib import Path

        settings = self._workspace.settings
        given = [Path(source.name).absolute() for source in self._lists if source.data is None]
        return given or ([] if self._lists else [settings.folder / name for name in settings.list.files])

    def _list_stamps(self) -> tuple[tuple[str, int, int], ...]:
        stamps = []
        for path in self._list_files():
            try:
                about = path.stat()
            except OSError:
                continue
            stamps.append((str(path), about.st_mtime_ns, about.st_size))
        return tuple(stamps)

    def _seen_by_readers(self) -> tuple[Problem, ...]:
        """What `check` would say beyond what stops a send."""
        assert self._prepared is not None  # set by both callers
        parts = checking.anatomy_of(self._workspace, self._prepared)
        return tuple(checking.seen_by_readers(self._workspace, self._prepared, parts))

    def _fingerprint(self) -> str:
        """What a look is made of. Every version is filled once: what differs shows there, or in the problems."""
        assert self._prepared is not None  # set by both callers
        seen = hashlib.sha256(repr((self._prepared.problems, self._notes, self._list_stamps())).encode())
        for tier in ("paid", "free"):
            seen.update(job.made(self._workspace, self._prepared, tier=tier).eml)
        return seen.hexdigest()


def open_showroom(show: Showroom, *, token: str, port: int = 0) -> Live:
    """A server for it, not yet started. Raises Refused where the port is taken."""
    from newsletter_cli.web.live import HOST, Live

    try:
        return Live(show, token=token, port=port)
    except OSError as error:
        where = f"port {port} of {HOST}" if port else HOST
        raise Refused(
            Problem(text=f"the preview cannot listen on {where}: {error}", hint="leave --port away, or take another")
        ) from error


def fragment(address: str, tier: str) -> str:
    """The end of the page's address that names whose mail is looked at first."""
    said = urlencode({key: value for key, value in (("as", address), ("tier", tier)) if value})
    return f"#{said}" if said else ""


def _below(folder: Path) -> Iterator[Path]:
    """A folder and those in it, the nearest first, without hidden ones and their like."""
    level = [folder]
    count = 0
    while level:
        deeper: list[Path] = []
        for one in level:
            yield one
            count += 1
            if count == FOLDERS_WATCHED:
                return
            try:
                entries = sorted(one.iterdir())
            except OSError:
                continue
            deeper += [
                entry
                for entry in entries
                if not entry.name.startswith(".") and entry.name not in _NOT_WATCHED and entry.is_dir()
            ]
        level = deeper


def _reader(chosen: Chosen) -> Reader:
    subscriber = chosen.subscriber
    fields = subscriber.fields
    names = (fields.get("first_name", ""), fields.get("last_name", ""))
    name = fields.get("name") or " ".join(filter(None, names))
    return Reader(str(subscriber.address), name, chosen.version)


def _problems_of(error: Refused | UsageError) -> tuple[Problem, ...]:
    return error.problems if isinstance(error, Refused) else (Problem(text=str(error)),)
