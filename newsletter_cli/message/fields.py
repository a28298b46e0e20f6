"""The header of a newsletter: which fields there are, and what is wrong with the settings they come from.

Pure. Fields stand in the order they are written in; a value that differs per person is marked with `model.hole`.
Sources: RFC 5322 §3.6, RFC 2369 and RFC 8058 (List-Unsubscribe), RFC 2919 (List-Id), RFC 3834 §5.2 (Auto-Submitted),
Gmail's Feedback-ID (campaign, newsletter, kind, sender; the last of 5 to 15 characters, nothing per mail).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli import addresses, tokens
from newsletter_cli.message import headers
from newsletter_cli.message.model import CAMPAIGN, DATE, MESSAGE_ID, SUBJECT, TO, TOKEN, hole
from newsletter_cli.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.message.model import Sender

# Room for the name of the field and the brackets within 998.
_URL_LIMIT = 900
_FIELD_NAME = re.compile(r"[!-9;-~]+\Z")  # RFC 5322 §3.6.8
_NEWSLETTER_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?\Z")
# What the program writes itself, and what a relay or a receiver writes.
_OURS = re.compile(
    r"(?i)(?:from|to|cc|bcc|sender|reply-to|subject|date|message-id|mime-version|precedence|feedback-id|auto-submitted"
    r"|return-path|received|dkim-signature|authentication-results|x-original-recipient|list-id|list-unsubscribe(?:-post)?"
    r"|(?:content|resent|arc)-.*)\Z"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field, folded, without its CRLF, with marks for holes; `signed` is whether DKIM covers it."""

    name: str
    raw: bytes
    signed: bool = True

    @property
    def value(self) -> bytes:
        """What stands behind the colon."""
        return self.raw.partition(b":")[2]


@dataclass(frozen=True, slots=True)
class WayOut:
    """How a reader leaves: the URIs of List-Unsubscribe and the visible link, with ``{token}``."""

    uris: tuple[str, ...]  # https first; at least one
    one_click: bool
    problems: tuple[Problem, ...]


def header(sender: Sender, way_out: WayOut, content_type: bytes) -> tuple[Field, ...]:
    """All fields of a mail but DKIM-Signature."""
    domain = sender.mailbox.address.domain
    uris = ",\r\n ".join(f"<{uri}>" for uri in way_out.uris).encode()
    newsletter = re.sub(r"[^A-Za-z0-9_-]+", "-", sender.newsletter)  # `problems` refuses what is changed here
    feedback = b"%b:%b:newsletter:%b" % (hole(CAMPAIGN), newsletter.encode(), _feedback_sender(domain).encode())
    fields = [
        Field("From", headers.mailbox("From", sender.mailbox)),
        *([Field("Reply-To", headers.mailbox("Reply-To", sender.reply_to))] if sender.reply_to else []),
        Field("To", b"To: " + hole(TO)),
        Field("Subject", hole(SUBJECT)),
        Field("Date", b"Date: " + hole(DATE)),
        Field("Message-ID", b"Message-ID: <%b>" % hole(MESSAGE_ID)),
        Field("List-Id", headers.list_id(sender.name, newsletter, domain)),
        Field("List-Unsubscribe", b"List-Unsubscribe: " + uris.replace(b"{token}", hole(TOKEN))),
    ]
    if way_out.one_click:
        fields.append(Field("List-Unsubscribe-Post", b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"))
    fields += [Field("Precedence", b"Precedence: bulk"), Field("Feedback-ID", b"Feedback-ID: " + feedback)]
    if sender.automatic:
        fields.append(Field("Auto-Submitted", b"Auto-Submitted: auto-generated"))
    # A relay takes its own fields (X-PM-…, X-SES-…) out again: signing them would break the signature.
    fields += [
        Field(name, headers.fixed(name, value), signed=False)
        for name, value in sender.extra_headers.items()
        if _extra_problem(name, value) is None
    ]
    return (*fields, Field("MIME-Version", b"MIME-Version: 1.0"), Field("Content-Type", content_type))


def way_out(sender: Sender) -> WayOut:
    """How a reader leaves; without a usable URL by mail alone."""
    problems: list[Problem] = []
    url = ""
    if sender.unsubscribe_url:
        try:
            url = headers.url(sender.unsubscribe_url)
        except ValueError as error:
            problems.append(_error(f"[unsubscribe] url is no URL: {error}", "unsubscribe-url"))
        else:
            problems += _url_problems(url)
    if any(problem.severity is Severity.ERROR for problem in problems):
        url = ""
    one_click = bool(url) and headers.may_one_click(url)
    mailto = headers.mailto(sender.mailbox.address)
    if sender.unsubscribe_mailto:
        try:
            mailto = headers.mailto(addresses.parse_mailbox(sender.unsubscribe_mailto).address)
        except addresses.AddressError as error:
            problems.append(_error(f"[unsubscribe] mailto: {error}", "unsubscribe-mailto"))
    return WayOut((url, mailto) if url else (mailto,), one_click, tuple(problems))


def return_path(sender: Sender) -> tuple[str, ...]:
    """The envelope sender, to be joined by a person's token. Raises AddressError."""
    template = sender.return_path or str(sender.mailbox.address)
    # A stand-in shows whether the filled address is one, within the limits, and gives its domain as A-labels.
    stand_in = "t" * tokens.TOKEN_CHARACTERS
    whole = str(addresses.parse(template.replace("{token}", stand_in)))
    if not whole.isascii():
        raise addresses.AddressError(f"{template!r} must be ASCII before the @")
    return tuple(whole.split(stand_in)) if "{token}" in template else (whole,)


def problems(sender: Sender) -> Iterator[Problem]:
    """What is wrong with the sender's settings, but for the way out."""
    for key, box in (("from", sender.mailbox), ("reply_to", sender.reply_to)):
        if box and box.address.needs_smtputf8:
            yield _error(f"[newsletter] {key}: {box.address} must be ASCII before the @", "sender-not-ascii")
    if not _NEWSLETTER_ID.match(sender.newsletter):
        yield _error(f"[newsletter] id: {sender.newsletter!r} is not made of letters, digits and hyphens", "sender-id")
    try:
        return_path(sender)
    except addresses.AddressError as error:
        yield _error(f"[bounces] return_path: {error}", "return-path")
    for name, value in sender.extra_headers.items():
        problem = _extra_problem(name, value)
        if problem:
            yield problem


def _url_problems(url: str) -> Iterator[Problem]:
    if "{token}" not in url:
        yield _error("[unsubscribe] url lacks {token}: nobody could be told from anybody", "unsubscribe-url")
    if not re.match(r"https?://[^/{}]", url):
        yield _error(f"[unsubscribe] url is no web address: {url}", "unsubscribe-url")
    elif len(url) > _URL_LIMIT:
        yield _error(f"[unsubscribe] url has {len(url)} characters; {_URL_LIMIT} fit a mail", "unsubscribe-url")
    elif not headers.may_one_click(url):
        yield Problem(
            text="[unsubscribe] url is not https: mailboxes show no unsubscribe button (RFC 8058)",
            hint="publish the endpoint under https",
            severity=Severity.WARNING,
            code="unsubscribe-url",
        )


def _extra_problem(name: str, value: str) -> Problem | None:
    if not _FIELD_NAME.match(name):
        return _error(f"[headers] {name!r} is no name of a header field", "extra-header")
    if _OURS.match(name):
        return _error(f"[headers] {name}: this field is written by the program", "extra-header")
    if name.lower().startswith("list-") and not headers.plain(value).isascii():
        return _error(f"[headers] {name}: a List field must be ASCII", "extra-header")
    if max(map(len, headers.fixed(name, value).split(b"\r\n"))) > headers.HARD_LIMIT:
        return _error(f"[headers] {name}: a word of over 900 characters does not fit a line", "extra-header")
    return None


def _feedback_sender(domain: str) -> str:
    """The domain where it fits 5 to 15 characters, else a short name of it that stays the same."""
    name = domain.replace(".", "-")
    return name if 5 <= len(name) <= 15 else hashlib.sha256(domain.encode()).hexdigest()[:12]


def _error(text: str, code: str) -> Problem:
    return Problem(text=text, code=code)
