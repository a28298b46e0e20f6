"""The values of this room: what a rendering needs to know of the newsletter, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from newsletter_cli.problems import Problem


class Version(StrEnum):
    """Which readers a rendering is for. FULL: everything. FREE: the part above the paywall marker, and a way up."""

    FULL = "full"
    FREE = "free"


class Context(StrEnum):
    """Where a slot stands; decides how its value is escaped."""

    HTML = "html"  # character data
    HREF = "href"  # inside a double-quoted URL attribute
    TEXT = "text"  # the text part
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place that differs per person. In the parts stands `token`, opaque ``[A-Za-z0-9]`` text found nowhere else.

    `name` is ``unsubscribe_url``, or for a merge field the columns tried in turn; `fallback` None means that a row
    without any of them stops the send. `line` is where the post names the field.
    """

    token: str
    context: Context
    names: tuple[str, ...]
    fallback: str | None = None
    line: int | None = None


UNSUBSCRIBE_URL = "unsubscribe_url"


@dataclass(frozen=True, slots=True)
class InlineImage:
    """An embedded image: `cid` without brackets, the bytes to ship, their MIME type and a file name."""

    cid: str
    data: bytes
    mime: str
    filename: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a rendering needs to know of the newsletter; filled from settings by the job.

    `template_folders` are searched in order for ``email/<template>/...``: the user's, then the shipped ones.
    `images_mode` is embed, link or auto.
    """

    name: str
    language: str = "en"
    site_url: str = ""
    post_url: str = ""  # with {slug}
    upgrade_url: str = ""
    postal_address: str = ""
    template: str = "classic"
    template_folders: tuple[Path, ...] = ()
    images_mode: str = "auto"
    images_budget_octets: int = 500_000
    images_base_url: str = ""
    theme: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A post as mail, without any person in it. `html` and `text` use LF; slots stand as their tokens."""

    version: Version
    subject: str
    html: str
    text: str
    slots: tuple[Slot, ...] = ()
    images: tuple[InlineImage, ...] = ()
    problems: tuple[Problem, ...] = ()
