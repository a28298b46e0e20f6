"""A finished mail taken apart again, for preview and for pages that show it.

Pure; reads with `email`, so it is also a second opinion on what `compose` wrote. Raises nothing on a mail of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """An image inside the mail."""

    mime: str
    filename: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a reader's program shows. `headers` are unfolded and decoded, in their order; text and HTML use LF."""

    headers: tuple[tuple[str, str], ...]
    text: str = ""
    html: str = ""
    images: Mapping[str, Embedded] = field(default_factory=dict)  # by cid, without brackets

    @property
    def subject(self) -> str:
        """The Subject as an inbox shows it."""
        return next((text for name, text in self.headers if name.lower() == "subject"), "")


def opened(data: bytes) -> Opened:
    """Take a mail apart."""
    mail = message_from_bytes(data)
    texts = {"text/plain": "", "text/html": ""}
    images: dict[str, Embedded] = {}
    for part in mail.walk():
        kind = part.get_content_type()
        if kind in texts:
            texts[kind] = _octets(part).decode("utf-8", "replace").replace("\r\n", "\n")
        elif part["Content-ID"]:
            images[part["Content-ID"].strip("<>")] = Embedded(
                mime=kind, filename=part.get_filename() or "", data=_octets(part)
            )
    return Opened(
        headers=tuple((name, _decoded(value)) for name, value in mail.raw_items()),
        text=texts["text/plain"],
        html=texts["text/html"],
        images=images,
    )


def _octets(part: Message) -> bytes:
    octets = part.get_payload(decode=True)
    return octets if isinstance(octets, bytes) else b""


def _decoded(value: str) -> str:
    # Raw UTF-8, as To has it for an international address, stands here as surrogates.
    unfolded = value.replace("\r\n", "").encode("ascii", "surrogateescape").decode("utf-8", "replace")
    return "".join(
        piece.decode(charset or "utf-8", "replace") if isinstance(piece, bytes) else piece
        for piece, charset in decode_header(unfolded)
    )
