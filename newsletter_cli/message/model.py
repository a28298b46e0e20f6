"""The values of this room: a mail with slots, and one person's mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from newsletter_cli.addresses import Address, Mailbox


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


@dataclass(frozen=True, slots=True)
class Parcel:
    """One person's mail as it goes out: CRLF line ends, not dot-stuffed."""

    mail_from: str
    rcpt_to: str
    data: bytes
    smtputf8: bool = False
