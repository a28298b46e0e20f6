"""What a post is, free of Markdown and of mail.

`Post` is what `post.read` gives and every other room takes. All values are checked: whoever holds a `Post` need not
look again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from pathlib import Path

    from newsletter_cli.problems import Problem

# Jekyll's and Substack's way to name files: 2023-04-05-title.md
_DATE_PREFIX = re.compile(r"^\d{4}-\d{1,2}-\d{1,2}[-_]?")


class Audience(StrEnum):
    """Who may read it, in Substack's words (facts of the front matter, docs/configuration.md)."""

    EVERYONE = "everyone"
    ONLY_FREE = "only_free"
    ONLY_PAID = "only_paid"
    FOUNDING = "founding"


class PostType(StrEnum):
    """What it is; a page is never mailed."""

    NEWSLETTER = "newsletter"
    PODCAST = "podcast"
    THREAD = "thread"
    PAGE = "page"


class Visibility(StrEnum):
    """Whether the web archive shows it."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Due:
    """The front matter's `date`: a day, or an instant.

    `day` is the calendar day in the post's zone; `instant` is aware, and None where no time of day was given; `zone`
    is the IANA name or offset in which the day is counted.
    """

    day: date
    instant: datetime | None
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """The front matter, typed. Text keys are empty where absent."""

    title: str = ""
    subtitle: str = ""
    subject: str = ""  # wins over title for the Subject
    preview_text: str = ""  # the preheader; default: subtitle
    due: Due | None = None
    type: PostType = PostType.NEWSLETTER
    audience: Audience = Audience.EVERYONE
    visibility: Visibility = Visibility.PUBLIC
    segment: str = ""
    held_back: str = ""  # "draft: true", "published: false", "email: false": why it is not mailed; empty: it may be
    post_id: str = ""  # text exactly as written: 27710009.2020 keeps its last 0
    slug: str = ""
    url: str = ""
    merge: bool = False
    language: str = ""
    email_started_at: str = ""  # as written: "TIME LEDGER-ID"
    email_sent_at: str = ""  # as written; anything here that a person can see counts as sent
    newsletter: Mapping[str, Any] = field(default_factory=dict)  # settings of this post alone
    extra: Mapping[str, Any] = field(default_factory=dict)  # every other key
    lines: Mapping[str, int] = field(default_factory=dict)  # key -> physical line, from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post file, read. `source` are the file's bytes; `body` its Markdown with LF line ends, NFC not applied.

    `body_line` is the physical line on which `body` begins, from 1, so that line n of the body is physical line
    ``body_line + n - 1``. `text_part` is the content of `post.txt` beside it, None where there is none.
    """

    path: Path
    source: bytes
    meta: Meta
    body: str
    body_line: int
    body_hash: str  # hex SHA-256 of the body with LF line ends, outer blank lines removed
    problems: tuple[Problem, ...] = ()  # warnings; errors are raised
    text_part: str | None = None

    @property
    def slug(self) -> str:
        """The front matter's `slug`, else the file's name without a leading date."""
        return self.meta.slug or _DATE_PREFIX.sub("", self.path.stem) or self.path.stem

    @property
    def subject(self) -> str:
        """The Subject before merge fields are filled."""
        return self.meta.subject or self.meta.title

    @property
    def preheader(self) -> str:
        """What an inbox shows behind the Subject."""
        return self.meta.preview_text or self.meta.subtitle
