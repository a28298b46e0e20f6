"""The posts that the web archive shows, and their pages: what was mailed, is public, and is still in the folder.

The folder is the word on what is public: a post that is taken away or made private is gone at the next look, a mended
slip is mended. Whether it was mailed is told by its `email_sent_at` or by the ledger. Readers of the web are free
readers: of a post with a paywall they see the part above it; a post for paying readers or for a segment that has no
such part is not shown at all. Called by one thread.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter_cli.jobs import identity, prepare
from newsletter_cli.ledger.recognise import recognise
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.post.model import Audience, PostType, Visibility
from newsletter_cli.problems import Refused
from newsletter_cli.rendering.model import Version
from newsletter_cli.web.archive import Entry
from newsletter_cli.web.phrases import phrases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.post.model import Post
    from newsletter_cli.rendering.web import WebPage
    from newsletter_cli.web.archive import Places

LOOK_AGAIN_S = 5.0  # a folder of a thousand posts takes 20 ms to look through once all are read
PAGE_LASTS_S = 300.0  # pictures and templates may change beside the post
PAGES = 64  # kept at once: some MB
_OVER = frozenset({CampaignState.FINISHED, CampaignState.ADOPTED})
_FOR_ALL = frozenset({Audience.EVERYONE, Audience.ONLY_FREE})

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A post as it was read, and which of its versions the web may see (None: none)."""

    stamp: _Stamp
    post: Post | None
    version: Version | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A page, what it was made of, and when."""

    of: object
    at: float
    page: WebPage | None


class Shelf:
    """The archive's posts."""

    def __init__(self, workspace: Workspace, ledger: Ledger) -> None:
        self._workspace = workspace
        self._ledger = ledger
        self._read: dict[Path, _Read] = {}
        self._shown: dict[Entry, _Read] = {}
        self._looked: float | None = None
        self._pages: OrderedDict[str, _Made] = OrderedDict()

    def entries(self) -> Sequence[Entry]:
        """The posts, newest first; looks at the folder again when the last look is some seconds old."""
        now = self._workspace.clock.monotonic()
        if self._looked is None or now - self._looked >= LOOK_AGAIN_S:
            self._shown = self._look()
            self._looked = now
        return tuple(self._shown)

    def page(self, entry: Entry, places: Places) -> WebPage | None:
        """The page of a post; None where it cannot be rendered any more."""
        read = self._shown.get(entry)
        if read is None or read.post is None or read.version is None:
            return None
        now = self._workspace.clock.monotonic()
        of = (read.stamp, places)
        key = str(read.post.path)
        made = self._pages.pop(key, None)
        if made is None or made.of != of or now - made.at >= PAGE_LASTS_S:
            made = _Made(of=of, at=now, page=self._make(entry, read.post, read.version, places))
        self._pages[key] = made
        if len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        return made.page

    def _make(self, entry: Entry, post: Post, version: Version, places: Places) -> WebPage | None:
        from newsletter_cli.rendering import render
        from newsletter_cli.rendering.web import for_web

        settings = self._workspace.settings
        site = prepare.site_of(settings, post)
        if site.images_mode != "link":
            site = replace(site, images_mode="embed")  # the archive shows them itself
        said = phrases(site.language)
        try:
            rendered = render.render(post, site, version)
        except Refused:
            return None
        return for_web(
            rendered,
            language=site.language,
            pictures_url=places.pictures(entry.slug),
            feed_url=places.feed,
            links={said["archive"]: places.index, said["feed"]: places.feed},
        )

    def _look(self) -> dict[Entry, _Read]:
        """Read what is new in the folder, and sort out what is shown."""
        home = self._workspace.settings.folder
        where = home / "posts" if (home / "posts").is_dir() else home
        campaigns = self._ledger.campaigns(self._workspace.newsletter)
        before, self._read = self._read, {}
        found: list[tuple[Entry, _Read]] = []
        for path in identity.siblings(where, recursive=True):
            try:
                about = path.stat()
            except OSError:
                continue
            stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
            read = before.get(path)
            if read is None or read.stamp != stamp:
                read = self._read_one(path, stamp)
            self._read[path] = read
            entry = self._entry(read, campaigns)
            if entry is not None:
                found.append((entry, read))
        return dict(sorted(found, key=lambda one: one[0].sent_at, reverse=True))

    def _read_one(self, path: Path, stamp: _Stamp) -> _Read:
        from newsletter_cli.post import read

        try:
            post = read.read(path, timezone=self._workspace.settings.newsletter.timezone)
            return _Read(stamp=stamp, post=post, version=_version(post))
        except Refused:  # a broken post stops only itself
            return _Read(stamp=stamp, post=None, version=None)

    def _entry(self, read: _Read, campaigns: Sequence[Campaign]) -> Entry | None:
        """How a post stands in the index; None where it was never mailed or is not for the web."""
        from newsletter_cli.rendering.web import without_fields
        from newsletter_cli.rendering.words import said_date

        post = read.post
        if post is None or read.version is None:
            return None
        campaign = self._campaign(post, campaigns)
        over = campaign is not None and campaign.state in _OVER
        if not post.meta.email_sent_at and not over:
            return None
        stamps = [post.meta.email_sent_at, campaign.sent_stamp if campaign else ""]
        at = next((at for at in map(_instant, stamps) if at), None) or _due(post) or _file_time(read.stamp)
        settings = self._workspace.settings.newsletter
        day = post.meta.due.day if post.meta.due else at.date()
        return Entry(
            slug=post.slug,
            title=(without_fields(post.meta.title) if post.meta.merge else post.meta.title) or post.slug,
            subtitle=without_fields(post.meta.subtitle) if post.meta.merge else post.meta.subtitle,
            day=said_date(day, post.meta.language or settings.language),
            sent_at=at,
            identity=post.meta.post_id or post.slug,
        )

    def _campaign(self, post: Post, campaigns: Sequence[Campaign]) -> Campaign | None:
        try:
            return recognise(identity.identity_of(post, self._workspace.settings.folder), campaigns)
        except Refused:  # two posts claim to be one: only the one that says so itself was mailed
            return None


def _version(post: Post) -> Version | None:
    """What of a post the web may see."""
    from newsletter_cli.rendering import render

    meta = post.meta
    # `email: false` says nothing of the web; a draft, or what is not published, is for nobody.
    hidden = meta.held_back and not meta.held_back.startswith("email")
    if meta.type is PostType.PAGE or meta.visibility is not Visibility.PUBLIC or hidden:
        return None
    if render.paywalled(post):
        return Version.FREE
    if meta.audience not in _FOR_ALL or meta.segment:
        return None
    return Version.FREE if meta.audience is not Audience.EVERYONE else Version.FULL


def _instant(text: str) -> datetime | None:
    """When a stamp says that it was; None where it is none of ours: a person may have written anything."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _due(post: Post) -> datetime | None:
    due = post.meta.due
    if due is None:
        return None
    return due.instant or datetime(due.day.year, due.day.month, due.day.day, tzinfo=UTC)


def _file_time(stamp: _Stamp) -> datetime:
    return datetime.fromtimestamp(stamp[0] / 1e9, UTC)
