"""`newsletter bounces`: what comes back of mails that were really sent, and what it does."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import POST, SETTINGS
from tests.doubles.reports import complaint, delivery_report, letter as mail_of, struck_out, unsubscribe_subject
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder, Ran

VERP = """
[bounces]
return_path = "bounces+{token}@example.com"

[unsubscribe]
url = "https://example.com/u/{token}"
"""


@pytest.fixture
def sent(letter: Folder) -> Folder:
    """A post that five readers have had, each with a return path of their own."""
    assert letter.inbox is not None
    letter.write("newsletter.toml", SETTINGS.format(port=letter.inbox.port) + VERP)
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    return letter


def return_path(folder: Folder, address: str) -> str:
    assert folder.inbox is not None
    return next(mail.mail_from for mail in folder.inbox.mails if address in mail.rcpt_to)


def mailed(folder: Folder, address: str) -> bytes:
    assert folder.inbox is not None
    return next(mail.data for mail in folder.inbox.mails if address in mail.rcpt_to)


def suppressed(folder: Folder) -> list[str]:
    return sorted(line.split("\t")[0] for line in folder("suppress", "list").out.splitlines())


def piped(folder: Folder, data: bytes, *arguments: str) -> Ran:
    """The command with these octets on standard input."""
    before = sys.stdin
    sys.stdin = TextIOWrapper(BytesIO(data))
    try:
        return folder("bounces", "-", *arguments)
    finally:
        sys.stdin = before


def test_a_bounce_of_an_address_that_was_mailed_suppresses_it(sent: Folder) -> None:
    sent.write("box/1.eml", delivery_report("Reader1@example.net"))
    sent.write("box/2.eml", delivery_report("stranger@example.net"))
    ran = sent("bounces", "box")
    assert ran.code == 0
    assert "box/1.eml: hard bounce of reader1@example.net: suppressed" in ran.out
    assert "status 5.1.1" in ran.out
    assert "never mailed from here" in ran.out
    assert "2 read, 0 of them before; 1 suppressed" in ran.out
    assert suppressed(sent) == ["reader1@example.net"]
    why = sent("why", "reader1@example.net").out
    assert "hard bounce" in why
    assert "box/1.eml" in why
    assert "550 5.1.1 User unknown" in why


def test_the_token_beats_the_text(sent: Folder) -> None:
    # reader3 sends their mail on to reader4, say: what came back is the mail to reader3.
    sent.write("box/1.eml", delivery_report("reader4@example.net", to=return_path(sent, "reader3@example.net")))
    assert "found by the token" in sent("bounces", "box").out
    assert suppressed(sent) == ["reader3@example.net"]


def test_a_return_path_in_capitals_and_rewritten_is_known(sent: Folder) -> None:
    path = return_path(sent, "reader2@example.net").upper().replace("@", "=")
    sent.write("box/1.eml", delivery_report("x@forwarder.example", to=f"SRS0=ab=cd={path}@forwarder.example"))
    sent("bounces", "box")
    assert suppressed(sent) == ["reader2@example.net"]


def test_a_forged_token_means_nobody(sent: Folder) -> None:
    path = return_path(sent, "reader3@example.net")
    forged = path.replace(path[9], "a" if path[9] != "a" else "b")
    sent.write("box/1.eml", delivery_report("stranger@example.net", to=forged))
    assert "never mailed from here" in sent("bounces", "box").out
    assert suppressed(sent) == []


def test_our_message_id_tells_where_no_token_is_left(sent: Folder) -> None:
    returned = b"\n".join(
        line for line in mailed(sent, "reader5@example.net").splitlines() if line.lower().startswith(b"message-id")
    )
    sent.write("box/1.eml", delivery_report("x@forwarder.example", returned=returned + b"\n\n"))
    assert "found by our Message-ID" in sent("bounces", "box").out
    assert suppressed(sent) == ["reader5@example.net"]


def test_a_mail_sent_on_to_two_of_which_one_works_has_arrived(sent: Folder) -> None:
    report = delivery_report("one@forwarder.example", to=return_path(sent, "reader1@example.net"))
    other = b"Final-Recipient: rfc822; two@forwarder.example\nAction: relayed\nStatus: 2.1.5\n\n"
    sent.write(
        "box/1.eml",
        report.replace(b"--b1\nContent-Type: message/rfc822", other + b"--b1\nContent-Type: message/rfc822"),
    )
    sent("bounces", "box")
    assert suppressed(sent) == []


@pytest.mark.parametrize(
    ("status", "said", "action"),
    [
        ("5.2.2", "smtp; 552 5.2.2 Mailbox full", "failed"),
        ("5.0.0", "smtp; 550 The user is over quota", "failed"),
        ("5.7.1", "smtp; 550 5.7.1 Message rejected as spam", "failed"),
        ("5.7.26", "smtp; 550 5.7.26 Unauthenticated email, user unknown", "failed"),
        ("4.4.1", "smtp; 421 Connection timed out", "failed"),
        ("4.2.2", "smtp; 452 4.2.2 over quota", "delayed"),
        ("5.0.0", "smtp; 450 No such user", "failed"),
    ],
)
def test_what_passes_never_suppresses_at_once(sent: Folder, status: str, said: str, action: str) -> None:
    report = delivery_report("reader1@example.net", status=status, said=said, action=action)
    sent.write("box/1.eml", report)
    assert "soft bounce of reader1@example.net: counted" in sent("bounces", "box").out
    assert suppressed(sent) == []


def test_a_complaint_that_names_nobody_is_attributed_by_the_returned_list_unsubscribe(sent: Folder) -> None:
    returned = struck_out(mailed(sent, "reader2@example.net"), "reader2@example.net")
    assert b"reader2" not in returned
    sent.write("box/1.eml", complaint(returned=returned))
    ran = sent("bounces", "box")
    assert "complaint of reader2@example.net: suppressed (complaint (RFC 5965), abuse; found by the token)" in ran.out
    assert "\tcomplaint\tall\t" in sent("suppress", "list").out


def test_a_complaint_with_headers_struck_out_is_attributed_by_the_link_in_the_footer(sent: Folder) -> None:
    returned = mailed(sent, "reader2@example.net")
    kept = [line for line in returned.splitlines(keepends=True) if not line.startswith((b"List-", b" <mailto"))]
    sent.write("box/1.eml", complaint(returned=struck_out(b"".join(kept), "reader2@example.net")))
    sent("bounces", "box")
    assert suppressed(sent) == ["reader2@example.net"]


@pytest.mark.parametrize("sort", ["not-spam", "auth-failure", "virus"])
def test_reports_that_are_no_complaints_change_nothing(sent: Folder, sort: str) -> None:
    fields = f"Feedback-Type: {sort}\nUser-Agent: Test/1\nVersion: 1\nOriginal-Rcpt-To: reader2@example.net\n"
    sent.write("box/1.eml", complaint(fields=fields, returned=mailed(sent, "reader2@example.net")))
    sent("bounces", "box")
    assert suppressed(sent) == []


def test_unsubscribe_mail_holds_for_this_newsletter(sent: Folder) -> None:
    mail = next(mail for mail in sent.mails if mail["To"] == "reader4@example.net")
    sent.write("box/1.eml", mail_of("somebody-else@example.org", unsubscribe_subject(mail)))
    sent.write("box/2.eml", mail_of("Reader Five <reader5@example.net>", "Unsubscribe"))
    sent.write("box/3.eml", mail_of("stranger@example.org", "unsubscribe"))
    ran = sent("bounces", "box")
    assert "by the token in its subject" in ran.out
    assert suppressed(sent) == ["reader4@example.net", "reader5@example.net"]
    assert sent("suppress", "list").out.count("\tunsubscribe\tnewsletter letter\t") == 2


def test_machines_and_people_change_nothing(sent: Folder) -> None:
    away = "Auto-Submitted: auto-replied\n"
    text = "reader1@example.net: mailbox unavailable, user unknown. 550 5.1.1"
    sent.write("box/1.eml", mail_of("reader1@example.net", "Automatic reply: Hello, readers", text))
    sent.write("box/2.eml", mail_of("reader1@example.net", "Re: Hello, readers", text, away))
    sent.write("box/3.eml", mail_of("reader1@example.net", "Re: Hello, readers", text))
    sent.write("box/4.eml", mail_of("reader1@example.net", "Re: unsubscribe", text, away))
    sent.write("box/5.eml", mail_of("reader1@example.net", "Please confirm your message", text))
    sent.write("box/6.eml", mail_of("reader1@example.net", "How do I unsubscribe my cat?", text))
    ran = sent("bounces", "box")
    assert ran.out.count(": nothing (") == 6
    assert suppressed(sent) == []


def test_reading_twice_changes_nothing_and_the_mailbox_never_changes(sent: Folder) -> None:
    for name in ("tmp", "cur", "new"):
        (sent.path / "Maildir" / name).mkdir(parents=True)
    sent.write("Maildir/new/1767225600.1.host", delivery_report("reader1@example.net"))
    sent.write("Maildir/cur/1767225601.2.host:2,S", delivery_report("reader2@example.net", mark="2"))
    sent.write("Maildir/tmp/1767225602.3.host", delivery_report("reader3@example.net", mark="3"))
    sent.write(
        "newsletter.toml", sent.read("newsletter.toml").replace("[bounces]\n", '[bounces]\nmailbox = "Maildir/"\n')
    )
    before = {name: data for name, data in sent.tree().items() if name.startswith("Maildir")}
    assert "2 read, 0 of them before; 2 suppressed" in sent("bounces").out
    assert suppressed(sent) == ["reader1@example.net", "reader2@example.net"]
    sent("suppress", "remove", "reader1@example.net")
    assert "2 read, 2 of them before; 0 suppressed" in sent("bounces").out
    assert suppressed(sent) == ["reader2@example.net"]
    assert {name: data for name, data in sent.tree().items() if name.startswith("Maildir")} == before


def test_a_dry_run_says_it_and_does_nothing(sent: Folder) -> None:
    sent.write("box/1.eml", delivery_report("reader1@example.net"))
    before = sent.tree()
    ran = sent("bounces", "box", "--dry-run")
    assert "would be 1 suppressed" in ran.out
    assert sent.tree() == before
    assert "1 read, 0 of them before; 1 suppressed" in sent("bounces", "box").out


def test_where_nothing_was_sent_nobody_is_meant_and_no_file_appears(letter: Folder) -> None:
    letter.write("box/1.eml", delivery_report("reader1@example.net"))
    before = letter.tree()
    assert "never mailed from here" in letter("bounces", "box").out
    assert letter.tree() == before


def test_an_mbox_and_a_single_mail(sent: Folder) -> None:
    first, second = delivery_report("reader1@example.net"), delivery_report("reader2@example.net", mark="2")
    sent.write(
        "mbox",
        b"From MAILER-DAEMON Thu Jan  1 10:00:00 2026\n" + first + b"\nFrom - Thu Jan  1 10:01:00 2026\n" + second,
    )
    assert "2 read" in sent("bounces", "mbox").out
    sent.write("one.eml", delivery_report("reader3@example.net", mark="3"))
    assert "1 read" in sent("bounces", "one.eml").out
    assert piped(sent, delivery_report("reader4@example.net", mark="4")).code == 0
    assert suppressed(sent) == [f"reader{n}@example.net" for n in range(1, 5)]


def test_as_json(sent: Folder) -> None:
    sent.write("box/1.eml", delivery_report("reader1@example.net"))
    told = sent("bounces", "box", "--json").json
    assert (told["version"], told["read"], told["seen"], told["suppressed"], told["counted"]) == (1, 1, 0, 1, 0)
    decision = told["decisions"][0]
    assert decision["email"] == "reader1@example.net"
    assert decision["effect"] == "suppressed"
    assert decision["status"] == "5.1.1"
    assert "RFC 3464" in decision["rule"]


def test_three_soft_bounces_of_the_last_five_mails_over_a_week_suppress(sent: Folder) -> None:
    reports = []
    for number, days in enumerate((20, 16, 13), start=1):
        if number > 1:
            sent.write(f"post{number}.md", f"---\ntitle: Post {number}\npost_id: {number}.x\n---\nText.\n")
            assert sent("send", f"post{number}.md", "--list", "subs.csv").code == 0
        assert sent.inbox is not None
        last = sent.inbox.mails[-5:]
        data = next(mail.data for mail in last if "reader1@example.net" in mail.rcpt_to)
        said = "smtp; 552 5.2.2 Mailbox full"
        date = format_datetime(datetime.now(UTC) - timedelta(days=days))
        reports.append(
            delivery_report(
                "reader1@example.net", status="5.2.2", said=said, returned=data, date=date, mark=str(number)
            )
        )
    for number, report in enumerate(reports):
        sent.write(f"box/{number}.eml", report)
        ran = sent("bounces", "box")
        assert ("soft bounces" in sent("suppress", "list").out) is (number == 2), ran.out
    assert "suppressed" in ran.out
    assert "Mailbox full" in sent("why", "reader1@example.net").out


def test_how_many_soft_bounces_suppress_is_a_setting(sent: Folder) -> None:
    settings = sent.read("newsletter.toml")
    sent.write("newsletter.toml", settings.replace("[bounces]\n", '[bounces]\nsoft_limit = 1\nsoft_span = "0s"\n'))
    sent.write("box/1.eml", delivery_report("reader1@example.net", status="5.2.2", said="smtp; 552 full"))
    assert "soft bounce of reader1@example.net: suppressed" in sent("bounces", "box").out
    assert "\tsoft bounces\tall\t" in sent("suppress", "list").out


def test_events_are_matched_by_message_id_or_by_the_provider_s_own(sent: Folder) -> None:
    mail = next(mail for mail in sent.mails if mail["To"] == "reader1@example.net")
    event = {
        "event-data": {
            "event": "failed",
            "severity": "permanent",
            "reason": "bounce",
            "recipient": "changed@example.net",
            "timestamp": 1767261600.5,
            "delivery-status": {"code": 550, "message": "5.1.1 no such user"},
            "message": {"headers": {"message-id": str(mail["Message-ID"]).strip("<>")}},
        }
    }
    ran = piped(sent, json.dumps(event).encode())
    assert "found by our Message-ID" in ran.out
    assert suppressed(sent) == ["reader1@example.net"]
    assert "1 read, 1 of them before; 0 suppressed" in piped(sent, json.dumps(event).encode()).out


def test_events_are_matched_by_the_name_that_the_provider_gave_the_mail(bare: Folder) -> None:
    name = "0100019b-aaaa-bbbb-cccc-000000"
    with ScriptedServer([Rule("dot", say=f"250 Ok {name}", address="r1@")]) as server:
        bare.write("newsletter.toml", SETTINGS.format(port=server.port))
        bare.write("post.md", POST)
        bare.write("subs.csv", "email\nr0@example.net\nr1@example.net\n")
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
    for email, whose in (("R0@example.net", "r0"), ("hidden", "r1"), ("stranger@example.net", "")):
        bounce = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": email}], "timestamp": "x"}
        event = {"notificationType": "Bounce", "bounce": bounce, "mail": {"messageId": name}}
        out = piped(bare, json.dumps(event).encode()).out
        # An address that is somebody else's contradicts the name: it was used twice, or is forged.
        assert (f"of {whose}@example.net: suppressed" in out) is bool(whose), out
    assert suppressed(bare) == ["r0@example.net", "r1@example.net"]


def test_what_is_no_mailbox_is_refused(sent: Folder) -> None:
    ran = sent("bounces", "nowhere")
    assert ran.code == 3
    assert "there is no such mailbox" in ran.err
    assert sent("bounces").code == 3
    assert "mailbox under [bounces]" in sent("bounces").err
    assert piped(sent, b'{"hello": 1}').code == 3
    assert sent("bounces", "imap://user@host/INBOX").code == 3
    ran = sent("bounces", "imaps://user:secret@host.invalid:1/INBOX")
    assert ran.code == 75
    assert "secret" not in ran.err + ran.out
    assert "NEWSLETTER_BOUNCES_PASSWORD" in sent("bounces", "imaps://user@host/INBOX").err


def test_a_test_mail_that_bounces_means_nobody(sent: Folder) -> None:
    assert sent("send", "post.md", "--test", "reader1@example.net").code == 0
    assert sent.inbox is not None
    path = sent.inbox.mails[-1].mail_from
    sent.write("box/1.eml", delivery_report("reader1@example.net", to=path))
    assert "a test or preview" in sent("bounces", "box").out
    assert suppressed(sent) == []
