"""What a report carries of our own mail: tokens, Message-IDs, names that servers gave it. Pure.

The order is that of trust: the address that the report itself came to (VERP: each mail has a return path of its own),
then the envelope sender and List-Unsubscribe of the mail that came back, then anything else of it. Nothing is verified
here: whoever has the keys does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli import tokens
from newsletter_cli.feedback.mime import words
from newsletter_cli.feedback.model import Traces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from newsletter_cli.feedback.mime import Part
    from newsletter_cli.feedback.pieces import Pieces

# Servers change the case of addresses; forwarders rewrite them (SRS0=…=bounces+TOKEN@…).
_TOKEN = re.compile(rf"(?<![a-z2-7]){tokens.TOKEN.pattern}(?![a-z2-7])", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<\s*([^<>\s@]{8,200}@[^<>\s]{1,200})\s*>")
# Names of this length are no two mails'; a short one (Postfix: 10 digits) is used again by another server.
_LONG_NAME = 16

_ENVELOPE_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-rcpt-to")
_ENVELOPE_FROM = ("return-path", "x-envelope-from", "x-original-sender", "x-return-path")
_OF_REPORT = (
    "x-postfix-sender",
    "x-sendgrid-sender",
    "original-mail-from",
    "original-envelope-id",
    "x-original-sender",
)


def traces(pieces: Pieces) -> Traces:
    """Everything that may tell whose mail it was."""
    return Traces(
        tokens=_unique(_tokens(pieces)),
        message_ids=_unique(_message_ids(pieces)),
        queue_ids=_unique(name for found in _message_ids(pieces) if len(name := found.partition("@")[0]) >= _LONG_NAME),
    )


def tokens_in(texts: Iterable[str]) -> Iterator[str]:
    """Texts of a token's form, in lower case, in the order they stand."""
    for text in texts:
        for found in _TOKEN.finditer(text):
            yield found[0].lower()


def message_ids_in(texts: Iterable[str]) -> Iterator[str]:
    """Message-IDs without their brackets."""
    for text in texts:
        for found in _MESSAGE_ID.finditer(text):
            yield found[1]


def _tokens(pieces: Pieces) -> Iterator[str]:
    head, returned = pieces.head, pieces.returned
    yield from tokens_in(head.every(*_ENVELOPE_TO))
    yield from tokens_in(head.every("to", "cc", "apparently-to"))
    yield from tokens_in(head.every("received"))
    for report in _reports(pieces):
        yield from tokens_in(value for _, value in report.fields)
    if returned is None:
        return
    yield from tokens_in(returned.every(*_ENVELOPE_FROM))
    yield from tokens_in(words(value) for value in returned.every("list-unsubscribe"))
    yield from tokens_in(returned.every("received"))
    # The link in the footer: all that is left where a complaint's headers are struck out.
    yield from tokens_in(_bodies(returned))


def _message_ids(pieces: Pieces) -> Iterator[str]:
    returned = pieces.returned
    if returned is not None:
        yield from message_ids_in(returned.every("message-id", "x-message-id", "x-original-message-id"))
    for report in _reports(pieces):
        yield from message_ids_in(f"<{value.strip('<> ')}>" for value in report.every("original-message-id"))
        yield from message_ids_in(value for _, value in report.fields)
    yield from message_ids_in(pieces.head.every("in-reply-to", "references", "x-original-message-id"))
    yield from message_ids_in(line for line in pieces.lines if "message-id" in line.lower())


def _reports(pieces: Pieces) -> Iterator[Part]:
    yield from pieces.reports
    if pieces.complaint is not None:
        yield pieces.complaint


def _bodies(part: Part) -> Iterator[str]:
    """The texts of a mail that came back."""
    if not part.parts:
        if part.kind.startswith("text/"):
            yield part.decoded.decode("ascii", "replace")
        return
    for child in part.parts:
        yield from _bodies(child)


def _unique(found: Iterable[str]) -> tuple[str, ...]:
    # What is forged may be long: a handful is enough.
    return tuple(dict.fromkeys(found))[:20]
