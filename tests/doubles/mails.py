"""Posts, senders and readers for the tests of mails; and a reader of mails that shares nothing with the program."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from newsletter_cli.addresses import Address, Mailbox
from newsletter_cli.message.model import Person, Sender
from newsletter_cli.rendering.model import UNSUBSCRIBE_URL, Context, Rendered, Slot, Version

if TYPE_CHECKING:
    from collections.abc import Sequence

LINK = Slot("linkinhtml0x", Context.HREF, (UNSUBSCRIBE_URL,))
LINK_IN_TEXT = Slot("linkintext0x", Context.TEXT, (UNSUBSCRIBE_URL,))
CAMPAIGN = "abcdefghij234567"


def rendered(
    *,
    subject: str = "The first letter",
    html: str = "<p>Hello.</p>",
    text: str = "Hello.",
    slots: Sequence[Slot] = (),
    **more: Any,
) -> Rendered:
    """A rendering with a way out at its end, as every page has."""
    return Rendered(
        version=Version.FULL,
        subject=subject,
        html=f'{html}\n<p><a href="{LINK.token}">Unsubscribe</a></p>\n',
        text=f"{text}\n\nUnsubscribe: {LINK_IN_TEXT.token}\n",
        slots=(*slots, LINK, LINK_IN_TEXT),
        **more,
    )


def sender(**changed: Any) -> Sender:
    """The Letter, with one-click and a return path of its own."""
    values: dict[str, Any] = {
        "newsletter": "letter",
        "name": "The Letter",
        "mailbox": Mailbox("The Letter", Address("letter", "example.com")),
        "unsubscribe_url": "https://example.com/u/{token}",
        "return_path": "bounces+{token}@example.com",
    }
    return Sender(**(values | changed))


def person(local: str = "ann", **changed: Any) -> Person:
    """A reader; token and Message-ID follow the local part."""
    letters = re.sub(r"[^a-z2-7]", "q", local.lower())
    values: dict[str, Any] = {
        "address": Address(local, "example.org"),
        "token": (letters * 48)[:48],
        "message_id": f"{CAMPAIGN}.{(letters * 24)[:24]}@example.com",
        "date": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    return Person(**(values | changed))


@dataclass(frozen=True, slots=True)
class Read:
    """A mail as Python's own reader sees it."""

    message: EmailMessage
    text: str
    html: str

    def decoded(self, name: str) -> str:
        """A field, unfolded, its encoded words decoded by the old reader of `email.header`."""
        raw = next(value for key, value in self.message.raw_items() if key.lower() == name.lower())
        return str(make_header(decode_header(re.sub(r"\r\n(?=[ \t])", "", str(raw)))))

    def names(self) -> list[str]:
        """The fields in their order, in lower case."""
        return [name.lower() for name in self.message]


def read(data: bytes) -> Read:
    """Take a mail apart with `email`; a defect that it sees is a failure."""
    message = message_from_bytes(data, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    texts = {}
    for part in message.walk():
        assert not part.defects, part.defects
        if part.get_content_maintype() == "text":
            octets = part.get_payload(decode=True)
            assert isinstance(octets, bytes)
            texts[part.get_content_subtype()] = octets.decode("utf-8").replace("\r\n", "\n")
    return Read(message, texts["plain"], texts["html"])
