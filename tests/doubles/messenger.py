"""Mails made of nothing but their recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli.message.model import Parcel

if TYPE_CHECKING:
    from newsletter_cli.ledger.model import Claim


class PlainMessenger:
    """`delivery.seams.Messenger`: a short mail with dots at line starts, padded to `octets`."""

    def __init__(self, *, octets: int = 0, mail_from: str = "letter@example.com") -> None:
        self._padding = (b"x" * 76 + b"\r\n") * (octets // 78)
        self._mail_from = mail_from

    def parcel(self, claim: Claim) -> Parcel:
        head = f"From: <letter@example.com>\r\nTo: <{claim.email}>\r\nSubject: {claim.id}\r\n\r\n".encode()
        body = b".\r\n..two\r\n.three\r\nlast" + b"\r\n" + self._padding
        return Parcel(self._mail_from, claim.email, head + body, not claim.email.isascii())
