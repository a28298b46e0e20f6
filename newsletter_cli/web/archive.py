"""The web archive's own pages, from values: the index of posts, and the Atom feed (RFC 4287). Pure.

`Places` says where everything stands, behind whatever prefix a proxy gives. The page of a post comes ready from the
rendering; only what was mailed, and is public, ever reaches this module.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from newsletter_cli import assets
from newsletter_cli.web import unsubscribe
from newsletter_cli.web.phrases import phrases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

FEED_ENTRIES = 20  # a reader looks every hour; older posts stand on the index
_SLUG = "{slug}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One post of the archive. `sent_at` is aware; `day` is how its date is written for readers."""

    slug: str
    title: str
    subtitle: str
    day: str
    sent_at: datetime
    identity: str  # what names it for ever: the campaign's uid, else its post_id or path


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the pages stand. `prefix` has no slash at its end; `origin` is ``https://host``."""

    prefix: str
    origin: str
    post_pattern: str  # the path of a post, with {slug}

    @classmethod
    def of(cls, *, prefix: str, origin: str, post_url: str, door_url: str) -> Places:
        """Read the settings: a post stands where ``post_url`` says if that lies under the prefix, else in /p/.

        The origin is that of the settings; the one given (of a request) only where they name none.
        """
        pattern = urlsplit(post_url)
        if _SLUG in pattern.path and not pattern.query and pattern.path.startswith(f"{prefix}/"):
            own = f"{pattern.scheme}://{pattern.netloc}"
            return cls(prefix=prefix, origin=own, post_pattern=pattern.path)
        door = urlsplit(door_url)
        own = f"{door.scheme}://{door.netloc}" if door.netloc else origin
        return cls(prefix=prefix, origin=own, post_pattern=f"{prefix}/p/{_SLUG}")

    @property
    def index(self) -> str:
        """The path of the index."""
        return f"{self.prefix}/"

    @property
    def feed(self) -> str:
        """The path of the feed."""
        return f"{self.prefix}/feed.xml"

    def post(self, slug: str) -> str:
        """The path of a post."""
        return self.post_pattern.replace(_SLUG, quote(slug, safe=""))

    def pictures(self, slug: str) -> str:
        """Under which path a post's pictures stand."""
        return f"{self.prefix}/pictures/{quote(slug, safe='')}"

    def slug(self, path: str) -> str | None:
        """Which post a decoded path names; None where it is no post's."""
        before, _, after = self.post_pattern.partition(_SLUG)
        return _one(re.fullmatch(f"{re.escape(before)}([^/]+){re.escape(after)}", path))

    def picture(self, path: str) -> tuple[str, str] | None:
        """Which post's which picture a decoded path names."""
        found = re.fullmatch(rf"{re.escape(self.prefix)}/pictures/([^/]+)/([^/]+)", path)
        return (found[1], found[2]) if found else None


def _one(found: re.Match[str] | None) -> str | None:
    return found[1] if found else None


def index(entries: Sequence[Entry], places: Places, *, name: str, language: str) -> str:
    """The page that lists the posts, in their order."""
    said = phrases(language)
    items = "".join(
        f'<li><h2><a href="{html.escape(places.post(entry.slug))}">{html.escape(entry.title)}</a></h2>'
        + (f"<p>{html.escape(entry.subtitle)}</p>" if entry.subtitle else "")
        + f'<time datetime="{entry.sent_at.date().isoformat()}">{html.escape(entry.day)}</time></li>\n'
        for entry in entries
    )
    return _index_template().substitute(
        language=html.escape(language, quote=True),
        name=html.escape(name),
        style=unsubscribe.style(),
        feed=html.escape(places.feed),
        feed_word=html.escape(said["feed"]),
        posts=f"<ol>\n{items}</ol>" if items else f"<p>{html.escape(said['empty'])}</p>",
    )


def feed(entries: Sequence[tuple[Entry, str]], places: Places, *, name: str, language: str) -> bytes:
    """The Atom feed: the newest entries, each with its post as HTML (empty: only the summary)."""
    from feedgen.feed import FeedGenerator

    made = FeedGenerator()
    made.id(f"{places.origin}{places.index}")
    made.title(name)
    made.author(name=name)
    made.language(language)
    made.generator("newsletter")
    made.link(href=f"{places.origin}{places.index}", rel="alternate", type="text/html")
    made.link(href=f"{places.origin}{places.feed}", rel="self", type="application/atom+xml")
    # RFC 4287 §4.1.1 asks for a date; feedgen would take the clock's, and no two answers would be alike.
    made.updated(max((entry.sent_at for entry, _ in entries), default="1970-01-01T00:00:00Z"))
    for entry, body in entries:
        one = made.add_entry(order="append")
        one.id(_entry_id(entry, places))
        one.title(_clean(entry.title))
        one.link(href=f"{places.origin}{places.post(entry.slug)}", rel="alternate", type="text/html")
        one.published(entry.sent_at)
        one.updated(entry.sent_at)
        if entry.subtitle:
            one.summary(_clean(entry.subtitle))
        if body:
            one.content(_clean(_absolute(body, places.origin)), type="html")
    return bytes(made.atom_str(pretty=True))


def _entry_id(entry: Entry, places: Places) -> str:
    """A name that outlives a new address (RFC 4287 §4.2.6): a tag of the host (RFC 4151), by what the post is."""
    host = urlsplit(places.origin).hostname or "localhost"
    return f"tag:{host},{entry.sent_at:%Y-%m-%d}:{quote(entry.identity, safe='')}"


def _absolute(body: str, origin: str) -> str:
    """Feed readers know no base: addresses that begin with a slash are our own pictures."""
    return re.sub(r"""(?<=[\s"'(])(src|href)=(["'])/(?!/)""", rf"\1=\2{origin}/", body)


def _clean(text: str) -> str:
    """Without the controls that XML 1.0 §2.2 has no place for."""
    return re.sub(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


@cache
def _index_template() -> Template:
    return Template((assets.templates() / "web" / "archive.html").read_text(encoding="utf-8"))
