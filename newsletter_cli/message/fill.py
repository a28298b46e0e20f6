"""One person's mail out of a draft: every hole filled, escaped for the place where it stands.

Pure and safe in threads. A mail without merge fields costs one join. `fill` raises `MissingField` where a row lacks a
field without fallback (`missing` tells beforehand), and ValueError where token, Message-ID or address is not what the
rest of this program makes: they are written as they are, and none may end a line or a bracket.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter_cli.message import headers, quoted
from newsletter_cli.message.model import Parcel
from newsletter_cli.problems import Problem, Refused
from newsletter_cli.rendering.model import Context, Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter_cli.message.model import Draft, Person, Place

# Address, token and Message-ID on three lines; the address may be international (RFC 6531), nothing else.
_CHECKED = re.compile(
    r'[^\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff()<>\[\]:;@\\,"]+@[A-Za-z0-9.-]+\n'
    r"[A-Za-z0-9_-]{1,64}\n"
    r"[A-Za-z0-9_-][A-Za-z0-9._+-]*@[A-Za-z0-9.-]+\Z"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A column may be a whole link; anything else in a link is a part of one, and cannot leave its place.
_WHOLE_URL = re.compile(r"(?i)(?:https?://|mailto:)[^\s]+\Z")
_URL_CHARACTERS = "-._~:/?#[]@!$&'()*+,;=%"
# A value is text: line ends become LF, other controls are dropped (ESC drives terminals, NUL is no character in HTML).
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")


class MissingField(Refused):
    """A row lacks a merge field that has no fallback; `slot` says which, and the line of the post that names it."""

    def __init__(self, slot: Slot) -> None:
        names = " or ".join(slot.names)
        super().__init__(
            Problem(
                text=f"the row has no value for {{{{ {names} }}}}",
                line=slot.line,
                hint=f'give the field a fallback: {{{{ {names} or "friend" }}}}',
                code="merge-field-missing",
            )
        )
        self.slot = slot


def fill(draft: Draft, person: Person) -> Parcel:
    """Give the mail of one person. Raises MissingField, ValueError."""
    receiver = person.redirect_to or person.address
    to = f"{receiver.local}@{receiver.domain}"
    if not _CHECKED.match(f"{to}\n{person.token}\n{person.message_id}"):
        raise ValueError(f"not an address, token or Message-ID: {to!r}, {person.token!r}, {person.message_id!r}")
    subject = draft.subject_header
    if person.marked or person.redirect_to or not subject:
        subject = _subject(draft, person)
    message_id = person.message_id.encode()
    values = [
        to.encode(),
        subject,
        _date(int(person.date.timestamp())),
        message_id,
        message_id.partition(b"@")[0].partition(b".")[0],
        person.token.encode(),
    ]
    signed_subject = b""
    if draft.seal:
        signed_subject = b" ".join(subject.partition(b":")[2].split())
    values.append(signed_subject)
    for place in draft.places:
        values.append(placed(place, person.fields))  # noqa: PERF401 - mostly empty: a loop is cheaper than a call
    data = draft.head.filled(values)
    if person.redirect_to:
        data.insert(0, headers.unstructured("X-Original-Recipient", str(person.address)) + b"\r\n")
    if draft.seal:
        data.insert(0, _sealed(draft, values, int(person.date.timestamp())))
    data += draft.body.filled(values)
    return Parcel(person.token.join(draft.return_path), to, b"".join(data), not to.isascii(), dotless=True)


def missing(draft: Draft, fields: Mapping[str, str]) -> Slot | None:
    """The first merge field for which a row has no value and the post no fallback."""
    for slot in draft.slots:
        if slot.fallback is None and not _found(slot, fields):
            return slot
    return None


def value(slot: Slot, fields: Mapping[str, str]) -> str:
    """What a row puts into a slot, as text. Raises MissingField."""
    found = _found(slot, fields)
    if found:
        return _CONTROLS.sub("", _LINE_ENDS.sub("\n", found))
    if slot.fallback is None:
        raise MissingField(slot)
    return slot.fallback


def placed(place: Place, fields: Mapping[str, str]) -> bytes:
    """A merge field's value, escaped for its context and encoded for its place in the part. Raises MissingField."""
    return quoted.encode_value(escaped(value(place.slot, fields), place.context, whole_url=place.whole_url))


def escaped(text: str, context: Context, *, whole_url: bool = False) -> str:
    """Escape a value so that it cannot leave the place it is put in."""
    if context is Context.HTML:
        return escape(text)
    if context is Context.HREF:
        text = text.strip()
        if whole_url and _WHOLE_URL.match(text):
            return escape(quote(text, safe=_URL_CHARACTERS, errors="replace"))
        return quote(text, safe="", errors="replace")
    return text


def _found(slot: Slot, fields: Mapping[str, str]) -> str:
    for name in slot.names:
        found = fields.get(name)
        if found is None:
            found = next((text for key, text in fields.items() if _loose(key) == _loose(name)), "")
        if found and not found.isspace():
            return found
    return ""


def _loose(name: str) -> str:
    """A column's name as a post may spell it: ``First Name`` is ``first_name``."""
    return re.sub(r"\W+", "_", name.strip().casefold())


def _subject(draft: Draft, person: Person) -> bytes:
    """The Subject where it is not the same for all."""
    text = "".join(part if isinstance(part, str) else value(part, person.fields) for part in draft.subject_parts)
    if person.redirect_to:
        text = f"[for {person.address}] {text}"
    return headers.unstructured("Subject", f"{person.marked}{text}")


@lru_cache(maxsize=64)
def _date(seconds: int) -> bytes:
    """RFC 5322 §3.3, in UTC. By hand: strftime speaks the machine's language."""
    at = datetime.fromtimestamp(seconds, UTC)
    clock = f"{at.hour:02d}:{at.minute:02d}:{at.second:02d}"
    return f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year:04d} {clock} +0000".encode()


def _sealed(draft: Draft, values: list[bytes], at: int) -> bytes:
    """The DKIM-Signature fields: one canonical form and one body hash, signed once with each key."""
    seal = draft.seal
    assert seal is not None
    body = seal.body_start.copy()
    body.update(b"".join(seal.body.filled(values)))
    body_hash = body.digest()
    signed = b"".join(seal.headers.filled(values))
    return b"".join(
        signer.header(names=seal.names, signed=signed, body_hash=body_hash, at=at) for signer in seal.signers
    )
