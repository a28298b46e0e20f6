"""Who left or bounced since the last send is out of the next one, without the writer doing anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.cli.folder import ALL

if TYPE_CHECKING:
    from tests.cli.folder import Folder


def begin(letter: Folder) -> dict[str, str]:
    """Send the first post, and give everyone's token out of their mail."""
    settings = letter.read("newsletter.toml") + (
        '[unsubscribe]\nurl = "https://example.com/u/{token}"\nlog = "left.log"\n'
        '[bounces]\nmailbox = "bounces"\nreturn_path = "b+{token}@example.com"\n'
    )
    letter.write("newsletter.toml", settings)
    letter.write("left.log", "")
    (letter.path / "bounces").mkdir()
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ALL
    assert letter.inbox is not None
    found = {mail.rcpt_to[0]: re.sub(r"^b\+|@.*$", "", mail.mail_from) for mail in letter.inbox.mails}
    letter.inbox.mails.clear()
    letter.write("next.md", "---\ntitle: Next\npost_id: 2.next\n---\nNext.\n")
    return found


def test_the_log_of_an_endpoint_without_a_server(letter: Folder) -> None:
    tokens = begin(letter)
    letter.write("left.log", f"2026-01-02T03:04:05Z {tokens[ALL[1]]}\n2026-01-02T03:04:06Z {'a' * 48}\n")
    assert letter("send", "next.md", "--list", "subs.csv").code == 0
    assert letter.mailed == [one for one in ALL if one != ALL[1]]
    assert "unsubscribe" in letter("why", ALL[1]).out


def test_a_hard_bounce_to_the_verp_address(letter: Folder) -> None:
    tokens = begin(letter)
    letter.write(
        "bounces/1.eml",
        "From: MAILER-DAEMON@mx.example.org\r\n"
        f"To: b+{tokens[ALL[2]]}@example.com\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {ALL[2]}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n--B--\r\n",
    )
    assert letter("send", "next.md", "--list", "subs.csv").code == 0
    assert letter.mailed == [one for one in ALL if one != ALL[2]]
    assert (letter.path / "bounces" / "1.eml").exists()


def test_what_cannot_be_read_stops_the_send(letter: Folder) -> None:
    begin(letter)
    (letter.path / "left.log").unlink()
    refused = letter("send", "next.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "left.log" in refused.err
    assert letter.mails == []
    (letter.path / "left.log").write_text("")
    (letter.path / "bounces").rmdir()
    assert letter("send", "next.md", "--list", "subs.csv").code == 3
    assert letter.mails == []
