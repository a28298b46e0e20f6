"""Reports as servers and readers write them, about mails that were really sent."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import EmailMessage

DATE = "Thu, 01 Jan 2026 10:00:00 +0000"


def delivery_report(
    address: str,
    *,
    to: str = "letter@example.com",
    status: str = "5.1.1",
    said: str = "smtp; 550 5.1.1 User unknown",
    action: str = "failed",
    returned: bytes = b"Subject: Hello\n\nHello\n",
    date: str = DATE,
    mark: str = "1",
) -> bytes:
    """A report as RFC 3464 asks for it (Postfix's manner)."""
    return (
        (
            "Return-Path: <>\n"
            f"Date: {date}\n"
            "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\n"
            "Subject: Undelivered Mail Returned to Sender\n"
            f"To: {to}\n"
            "Auto-Submitted: auto-replied\n"
            "MIME-Version: 1.0\n"
            f"Message-Id: <{mark}@mx.example.net>\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\n'
            "\n"
            "--b1\nContent-Type: text/plain\n\n"
            "This is the mail system at host mx.example.net. Your message could not be delivered.\n\n"
            f"<{address}>: it came back\n\n"
            "--b1\nContent-Type: message/delivery-status\n\n"
            "Reporting-MTA: dns; mx.example.net\n\n"
            f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: {said}\n\n"
            "--b1\nContent-Type: message/rfc822\n\n"
        ).encode()
        + returned
        + b"\n--b1--\n"
    )


def complaint(
    *, fields: str = "Feedback-Type: abuse\nUser-Agent: Test/1\nVersion: 1\n", returned: bytes, mark: str = "1"
) -> bytes:
    """A complaint as RFC 5965 asks for it."""
    return (
        (
            "From: feedback@mx.example.net\n"
            f"Date: {DATE}\n"
            "To: letter@example.com\n"
            "Subject: Abuse report\n"
            f"Message-Id: <{mark}@mx.example.net>\n"
            "MIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=feedback-report; boundary="b1"\n'
            "\n"
            "--b1\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n"
            f"--b1\nContent-Type: message/feedback-report\n\n{fields}\n"
            "--b1\nContent-Type: message/rfc822\n\n"
        ).encode()
        + returned
        + b"\n--b1--\n"
    )


def letter(sender: str, subject: str, body: str = "", more: str = "") -> bytes:
    """A mail by a person or a machine."""
    head = f"From: {sender}\nTo: letter@example.com\nDate: {DATE}\nSubject: {subject}\n{more}"
    return f"{head}Message-Id: <{abs(hash((sender, subject, body)))}@example.net>\n\n{body}\n".encode()


def struck_out(mail: bytes, address: str) -> bytes:
    """A mail as providers hand it on with a complaint: nothing of it names the reader."""
    return re.sub(re.escape(address.encode()), b"redacted@redacted.invalid", mail, flags=re.IGNORECASE)


def unsubscribe_subject(mail: EmailMessage) -> str:
    """The subject that the List-Unsubscribe of a mail asks for."""
    found = re.search(r"subject=unsubscribe%20(\w+)", str(mail["List-Unsubscribe"]))
    assert found
    return f"unsubscribe {found[1]}"


def opened(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=policy.default)
