"""The values of this room: a mail with slots, and one person's mail."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from hashlib import _Hash

    from newsletter_cli.addresses import Address, Mailbox
    from newsletter_cli.problems import Problem
    from newsletter_cli.rendering.model import Context, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who the mail is from, and its fixed headers; filled from settings by the job."""

    newsletter: str  # the id: in List-Id and Feedback-ID
    name: str  # of the newsletter: the phrase of List-Id
    mailbox: Mailbox
    reply_to: Mailbox | None = None
    unsubscribe_url: str = ""  # with {token}; empty: no one-click
    unsubscribe_mailto: str = ""
    return_path: str = ""  # with or without {token}; empty: the address of `mailbox`
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    automatic: bool = False  # a scheduled send: Auto-Submitted (RFC 3834 §5.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One recipient as a mail is filled for: token and Message-ID are ready-made. `date` is aware."""

    address: Address
    token: str
    message_id: str  # without brackets
    date: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    marked: str = ""  # put before the Subject: "[test] "
    redirect_to: Address | None = None  # staging: the mail goes there, and says whom it was for


@dataclass(frozen=True, slots=True)
class Parcel:
    """One person's mail as it goes out: CRLF line ends, not dot-stuffed; no line of it begins with a dot."""

    mail_from: str
    rcpt_to: str
    data: bytes
    smtputf8: bool = False
    dotless: bool = False  # it is known that no line begins with a dot: nobody need look (20 µs for 39 kB)


# What a hole of a template takes: positions in the list of one person's values. Merge fields follow.
TO, SUBJECT, DATE, MESSAGE_ID, CAMPAIGN, TOKEN, SIGNED_SUBJECT, FIRST_PLACE = range(8)


@dataclass(frozen=True, slots=True)
class Template:
    """Bytes with holes. `pieces` holds b"" where a hole is; `holes` pairs the place of a hole with its value's."""

    pieces: tuple[bytes, ...]
    holes: tuple[tuple[int, int], ...]

    def filled(self, values: Sequence[bytes]) -> list[bytes]:
        """The pieces with every hole filled; the caller joins them."""
        pieces = list(self.pieces)
        for place, value in self.holes:
            pieces[place] = values[value]
        return pieces

    @classmethod
    def cut(cls, marked: bytes) -> Template:
        """Cut bytes at the marks of `hole`."""
        parts = _HOLE.split(marked)
        pieces = tuple(b"" if number % 2 else part for number, part in enumerate(parts))
        return cls(pieces, tuple((number, int(parts[number])) for number in range(1, len(parts), 2)))


# NUL stands in no field and in no encoded body, so a mark cannot be mistaken; it holds no white space, so that bytes
# can be folded and canonicalised with their marks in them.
_HOLE = re.compile(rb"\0(\d+);")


def hole(value: int) -> bytes:
    """The mark of a hole that takes the value at this position."""
    return b"\0%d;" % value


@dataclass(frozen=True, slots=True)
class Place:
    """Where a merge field stands: which, how it is escaped, and whether it may be a whole URL by itself."""

    slot: Slot
    context: Context
    whole_url: bool = False


class Signing(Protocol):
    """A DKIM key, as far as composing and filling need it (`message.dkim.Signer`)."""

    @property
    def domain(self) -> str:
        """The d= tag: A-labels."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Warnings about the key."""

    def header(self, *, names: bytes, signed: bytes, body_hash: bytes, at: int) -> bytes:
        """The DKIM-Signature field with its line end."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What DKIM needs, prepared once: canonical forms (relaxed/relaxed, RFC 6376 §3.4) of headers and body."""

    signers: tuple[Signing, ...]
    names: bytes  # the h= tag
    headers: Template
    body: Template
    body_start: _Hash = field(compare=False)  # SHA-256 over what all bodies begin with; never updated, only copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mail with slots, ready for `fill`. `size_octets` is that of a typical fill.

    `problems` are of the mail itself (headers, limits, size), without file and line; an error among them means that
    nothing may be filled. `slots` are the merge fields that the parts and the Subject really hold.
    """

    subject: str  # before merge fields are filled: their tokens stand in it
    slots: tuple[Slot, ...]
    problems: tuple[Problem, ...]
    size_octets: int
    head: Template = field(repr=False)
    body: Template = field(repr=False)
    places: tuple[Place, ...] = field(repr=False)
    subject_parts: tuple[str | Slot, ...] = field(repr=False)
    subject_header: bytes = field(repr=False)  # ready-made; empty where the Subject holds a merge field
    return_path: tuple[str, ...] = field(repr=False)  # joined by the token
    seal: Seal | None = field(repr=False)
