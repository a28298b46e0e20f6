"""A rendered post and its sender become a draft: bytes with holes.

Pure. The whole mail is written once, here, without `email`: multipart/alternative of text and HTML, the HTML inside a
multipart/related where images are embedded; quoted-printable, CRLF, 7-bit. Boundaries are named after the content, so
that the same post gives the same bytes; they hold ``=_``, which neither quoted-printable nor base64 can write, so no
content can end a part. What differs per person is a hole; all else is encoded, folded and (for DKIM) canonicalised
here.

Gives problems instead of raising: whatever the sender's settings hold, there is a draft to look at.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING

from newsletter_cli import tokens
from newsletter_cli.addresses import Address, AddressError
from newsletter_cli.message import dkim, fields, headers, quoted
from newsletter_cli.message.check import check
from newsletter_cli.message.fill import fill
from newsletter_cli.message.model import (
    FIRST_PLACE,
    SIGNED_SUBJECT,
    TOKEN,
    Draft,
    Person,
    Place,
    Seal,
    Template,
    hole,
)
from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.model import UNSUBSCRIBE_URL, Context

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter_cli.message.model import Sender, Signing
    from newsletter_cli.rendering.model import InlineImage, Rendered, Slot

# A token takes at most this much of a line (interface "The mail").
_TOKEN_ROOM = 64
_CID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]+\Z")
_MIME_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+\Z")
# Any instant: for looking at the mail that `compose` fills itself.
_SOME_DAY = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def compose(rendered: Rendered, sender: Sender, *, signers: Sequence[Signing] = ()) -> Draft:
    """Write the mail of one rendering, with holes for what differs per person, signed by `signers` when filled."""
    way_out = fields.way_out(sender)
    found = [*fields.problems(sender), *way_out.problems, *_signer_problems(sender, signers)]
    parts = _Parts(rendered, way_out.uris[0])
    content_type, body = parts.whole()
    header = fields.header(sender, way_out, content_type)
    subject_parts = tuple(_cut(rendered.subject, parts.by_token))
    fixed = all(isinstance(part, str) for part in subject_parts)
    try:
        return_path = fields.return_path(sender)
    except AddressError:  # said among the problems
        return_path = (str(sender.mailbox.address),)
    used = {place.slot.token for place in parts.places} | {
        part.token for part in subject_parts if not isinstance(part, str)
    }
    draft = Draft(
        subject=rendered.subject,
        slots=tuple(slot for slot in rendered.slots if slot.token in used),
        problems=(),
        size_octets=0,
        head=Template.cut(b"".join(field.raw + b"\r\n" for field in header) + b"\r\n"),
        body=Template.cut(body),
        places=tuple(parts.places),
        subject_parts=subject_parts,
        subject_header=headers.unstructured("Subject", rendered.subject) if fixed else b"",
        return_path=return_path,
        seal=_seal(header, body, signers) if signers else None,
    )
    return _looked_at(draft, sender, found)


def _looked_at(draft: Draft, sender: Sender, found: list[Problem]) -> Draft:
    """The draft with what a strict receiver says of a typical mail and of the worst one."""
    domain = sender.mailbox.address.domain
    names = {name for slot in draft.slots for name in slot.names}
    typical = Person(
        address=Address("reader", "example.com"),
        token="t" * tokens.TOKEN_CHARACTERS,
        message_id=f"{'c' * 16}.{'m' * 24}@{domain}",
        date=_SOME_DAY,
        fields=dict.fromkeys(names, "somebody"),
    )
    worst = replace(
        typical,
        address=Address("r" * 64, f"{'d' * 60}.{'d' * 60}.{'d' * 60}.com"),
        token="t" * _TOKEN_ROOM,
        fields=dict.fromkeys(names, ". From \u00e9=\u6f22 \t\r\n.\r\n" * 20),
        marked="[test] ",
    )
    mail = fill(draft, typical).data
    for problem in (*check(mail), *check(fill(draft, worst).data)):
        if problem not in found and problem.code not in {known.code for known in found}:
            found.append(problem)
    return replace(draft, problems=tuple(found), size_octets=len(mail))


def _signer_problems(sender: Sender, signers: Sequence[Signing]) -> Iterator[Problem]:
    domain = sender.mailbox.address.domain
    for signer in signers:
        yield from signer.problems
    if signers and not any(_aligned(domain, signer.domain) for signer in signers):
        yield Problem(
            text=f"[dkim] signs for {signers[0].domain}, but the mail is from {domain}: DMARC does not count that",
            hint="sign with a key of the domain of `from`",
            severity=Severity.WARNING,
            code="dkim-not-aligned",
        )


def _aligned(sender: str, signer: str) -> bool:
    """Relaxed alignment (RFC 7489 §3.1.1) as far as it can be told without the list of public suffixes."""
    return sender == signer or sender.endswith(f".{signer}") or signer.endswith(f".{sender}")


def _seal(header: Sequence[fields.Field], body: bytes, signers: Sequence[Signing]) -> Seal:
    """Canonical forms, made once; the hash of what all bodies begin with."""
    signed = {field.name.lower(): field for field in header if field.signed}
    names = (*dkim.OVERSIGNED, *(name for name in signed if name not in dkim.OVERSIGNED))
    listed = sorted((*names, *dkim.OVERSIGNED), key=names.index)
    relaxed = b"".join(
        b"subject:" + hole(SIGNED_SUBJECT) + b"\r\n"
        if name == "subject"
        else dkim.relaxed_field(name, signed[name].value)
        for name in names
        if name in signed
    )
    start, mark, rest = dkim.relaxed_body(body).partition(b"\0")
    return Seal(
        signers=tuple(signers),
        names=":\r\n ".join(_lines_of(listed)).encode(),
        headers=Template.cut(relaxed),
        body=Template.cut(mark + rest),
        body_start=sha256(start),
    )


def _lines_of(names: Sequence[str]) -> Iterator[str]:
    line = ""
    for name in names:
        if len(line) + len(name) > headers.LINE - 2:
            yield line
            line = ""
        line = f"{line}:{name}" if line else name
    yield line


def _cut(text: str, by_token: dict[str, Slot]) -> Iterator[str | Slot]:
    """The text between the slots, and the slots, in their order; no empty text."""
    if not by_token:
        yield text
        return
    longest_first = sorted(by_token, key=len, reverse=True)
    for piece in re.split(f"({'|'.join(map(re.escape, longest_first))})", text):
        if piece:
            yield by_token.get(piece, piece)


class _Parts:
    """The body being written; `places` fills with the merge fields in the order of their values."""

    def __init__(self, rendered: Rendered, link: str) -> None:
        self.rendered = rendered
        self.link = link
        self.by_token = {slot.token: slot for slot in rendered.slots}
        self.places: list[Place] = []

    def whole(self) -> tuple[bytes, bytes]:
        """The Content-Type field of the mail, and its body with marks."""
        name = self._name()
        alternative = f"=_a{name}"
        content_type = f'Content-Type: multipart/alternative;\r\n boundary="{alternative}"'.encode()
        text = self._leaf("plain", self.rendered.text, Context.TEXT)
        html = self._leaf("html", self.rendered.html, Context.HTML)
        if self.rendered.images:
            related = f"=_r{name}"
            parts = (html, *(_image(image) for image in self.rendered.images))
            kind = f'Content-Type: multipart/related; type="text/html";\r\n boundary="{related}"\r\n\r\n'
            html = kind.encode() + _multipart(related, parts)
        return content_type, _multipart(alternative, (text, html)) + b"\r\n"

    def _name(self) -> str:
        """A name of the content, in which a slot counts by what it is: its token may differ from run to run."""
        digest = sha256()
        for text in (self.rendered.text, self.rendered.html):
            for piece in _cut(text, self.by_token):
                digest.update((piece if isinstance(piece, str) else "\0".join(piece.names)).encode("utf-8", "replace"))
                digest.update(b"\0")
        for image in self.rendered.images:
            digest.update(image.data)
        return digest.hexdigest()[:24]

    def _leaf(self, kind: str, text: str, context: Context) -> bytes:
        written: list[bytes] = []
        column = 0
        behind_value = False  # a soft break is due, unless the line ends here anyway
        before = ""
        pieces = list(_cut(text, self.by_token))
        for number, piece in enumerate(pieces, 1):
            if behind_value and not (isinstance(piece, str) and piece.startswith("\n")):
                written.append(quoted.SOFT_BREAK)
                column = 0
            behind_value = False
            if isinstance(piece, str):
                encoded, column = quoted.encode(piece, column, last=number == len(pieces))
                written.append(encoded)
            elif piece.names == (UNSUBSCRIBE_URL,):
                link = self.link if context is Context.TEXT else escape(self.link)
                column = _write_link(link, column, written)
            else:
                written += (quoted.SOFT_BREAK if column else b"", self._place(piece, context, before))
                behind_value = True
            before = piece if isinstance(piece, str) else ""
        head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        return head.encode() + b"".join(written)

    def _place(self, slot: Slot, context: Context, before: str) -> bytes:
        """The mark of a merge field. In the text part everything is text, whatever the slot was made for."""
        if context is Context.HTML and slot.context is Context.HREF:
            context = Context.HREF
        place = Place(slot, context, whole_url=context is Context.HREF and before.endswith(('"', "'")))
        if place not in self.places:
            self.places.append(place)
        return hole(FIRST_PLACE + self.places.index(place))


def _write_link(link: str, column: int, written: list[bytes]) -> int:
    """Write the unsubscribe link with a hole that no soft break cuts; give the column behind it."""
    for number, piece in enumerate(link.split("{token}")):
        if number:
            if column + _TOKEN_ROOM > quoted.ROOM:
                written.append(quoted.SOFT_BREAK)
                column = 0
            written.append(hole(TOKEN))
            column += _TOKEN_ROOM
        encoded, column = quoted.encode(piece, column)
        written.append(encoded)
    return column


def _multipart(boundary: str, parts: Sequence[bytes]) -> bytes:
    """RFC 2046 §5.1.1; the line end before a boundary belongs to the boundary."""
    delimiter = b"--" + boundary.encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--"


def _image(image: InlineImage) -> bytes:
    """An embedded image. Raises ValueError where its cid or type is not of this program's making."""
    if not _CID.match(image.cid) or not _MIME_TYPE.match(image.mime):
        raise ValueError(f"not a Content-ID or type: {image.cid!r}, {image.mime!r}")
    filename = re.sub(r"[^A-Za-z0-9._-]+", "_", image.filename)[-60:] or "image"
    encoded = base64.b64encode(image.data)
    lines = (encoded[start : start + quoted.ROOM + 1] for start in range(0, len(encoded), quoted.ROOM + 1))
    head = (
        f'Content-Type: {image.mime}; name="{filename}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{image.cid}>\r\n"
        f'Content-Disposition: inline; filename="{filename}"\r\n\r\n'
    )
    return head.encode() + b"\r\n".join(lines)
