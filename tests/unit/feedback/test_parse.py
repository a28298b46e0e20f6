"""Reports of many shapes: whom they mean and what they say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter_cli.feedback.model import Feedback, Kind
from newsletter_cli.feedback.parse import parse
from tests.doubles.reports import complaint, delivery_report, letter

HEAD = "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: list@example.com\n"
TOKEN = "a" * 24 + "b2c3d4e5" * 3
OTHER = "q" * 48


def text(body: str, subject: str = "Mail delivery failed", head: str = HEAD) -> bytes:
    return f"{head}Subject: {subject}\n\n{body}\n".encode()


def one(data: bytes) -> Feedback:
    found = parse(data)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    "body",
    [
        # qmail
        (
            "Hi. This is the qmail-send program.\n\n<a@b.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
            "--- Below this line is a copy of the message.\n\nReturn-Path: <x@y.example>\nTo: a@b.example\n"
        ),
        # Exim
        (
            "The following address(es) failed:\n\n  a@b.example\n    host mx [192.0.2.1]: 550 Unknown user\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\nTo: a@b.example\n"
        ),
        # Exim, where the mail was sent on
        (
            "The following address(es) failed:\n\n  c@d.example\n    (ultimately generated from a@b.example)\n"
            "    550 No such recipient\n"
        ),
        # Domino
        (
            "Your message\n\n  Subject: Hello\n\nwas not delivered to:\n\n  a@b.example\n\nbecause:\n\n"
            "  User a (a@b.example) not listed in Domino Directory\n"
        ),
        # a gateway that gives the reason before the address
        (
            "Could not be delivered because of\n\n  550 5.1.1 User unknown\n\nThe following recipients were affected:\n"
            "  a@b.example\n"
        ),
        # OpenSMTPD
        (
            "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY.\n\n"
            "    An error has occurred while attempting to deliver a message for\n"
            "    the following list of recipients:\n\na@b.example: 550 5.1.1 no\n\n"
            "    Below is a copy of the original message:\n\nReceived: from x\nTo: a@b.example\n"
        ),
        # nothing but a sentence, and the mail that came back
        (
            "One or more of the recipients are not a valid user of the system.\n\nReceived: from x\nSubject: Hello\n"
            "To: <a@b.example>\n\nHello\n"
        ),
        # X6: the reply in brackets
        (
            "SMTP Server <mx.example.net> rejected recipient <a@b.example> (Error following RCPT command). "
            "It responded as follows: [550 5.1.1 User unknown]\n"
        ),
    ],
)
def test_texts_of_mail_servers(body: str) -> None:
    found = one(text(body))
    assert (found.kind, found.address) == (Kind.HARD, "a@b.example"), found


def test_html_is_read_as_it_is_seen() -> None:
    body = "<html><style>.quota{}</style><p>Could not be delivered:<br>a&#64;b.example<br>No such user</p></html>"
    head = HEAD + "Content-Type: text/html; charset=utf-8\n"
    found = one(text(body, head=head))
    assert (found.kind, found.address) == (Kind.HARD, "a@b.example")


def test_several_recipients_each_by_their_own_words() -> None:
    body = (
        "<a@b.example>: host mx said: 550 5.1.1 User unknown\n\n<c@d.example>: host mx said: 552 5.2.2 Mailbox full\n\n"
        "<e@f.example>: something else\n"
    )
    kinds = {one.address: one.kind for one in parse(text(body))}
    assert kinds == {"a@b.example": Kind.HARD, "c@d.example": Kind.SOFT, "e@f.example": Kind.SOFT}


def test_neither_the_sender_nor_whom_to_ask_is_meant() -> None:
    body = (
        "Your message from list@example.com could not be delivered. Please contact help@mx.example.net.\n"
        "SMTP error after MAIL FROM:<owner@example.com>\n\n  a@b.example: user unknown\n\n"
        "--- Original message ---\nFrom: writer@example.com\nReply-To: reply@example.com\nTo: a@b.example\n"
    )
    assert [one.address for one in parse(text(body))] == ["a@b.example"]


@pytest.mark.parametrize(
    ("subject", "more"),
    [
        ("Out of Office: Hello", ""),
        ("Automatic reply: Hello", ""),
        ("Abwesenheitsnotiz", ""),
        ("Re: Réponse automatique : Hello", ""),
        ("=?utf-8?b?6Ieq5YuV6L+U5L+h?=", ""),
        ("Hello", "Auto-Submitted: auto-replied (vacation)\n"),
        ("Hello", "X-Autoreply: yes\n"),
        ("Hello", "Precedence: auto_reply\n"),
        ("Re: Hello", "X-Auto-Response-Suppress: All\n"),
    ],
)
def test_machines_that_answer_are_nothing(subject: str, more: str) -> None:
    found = one(letter("a@b.example", subject, "a@b.example: user unknown, mailbox full, 550 5.1.1", more))
    assert found.kind is Kind.NONE
    assert "automatic reply" in found.rule


def test_a_challenge_is_nothing_also_as_a_report() -> None:
    report = delivery_report("a@b.example").replace(b"MAILER-DAEMON@mx.example.net", b"noreply@boxbe.com")
    assert "challenge" in one(report).rule
    assert one(report).kind is Kind.NONE
    assert one(letter("a@b.example", "Please confirm your message")).kind is Kind.NONE
    assert one(letter("a@b.example", "Hello", "", "X-TMDA-Fingerprint: x\n")).kind is Kind.NONE


def test_a_receipt_is_nothing() -> None:
    data = (
        "From: a@b.example\nSubject: Read: Hello\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\n\n'
        "--b\n\nYour message was deleted: error.\n\n--b\nContent-Type: message/disposition-notification\n\n"
        "Final-Recipient: rfc822; a@b.example\nDisposition: automatic-action/MDN-sent-automatically; deleted/error\n\n"
        "--b--\n"
    )
    assert one(data.encode()).rule == "receipt (RFC 8098)"


def test_people_who_write_about_bounces_are_nothing() -> None:
    body = "Hi, I got this:\n> <a@b.example>: 550 5.1.1 user unknown\nWhat does it mean?\n"
    assert one(letter("a@b.example", "Re: Hello", body)).kind is Kind.NONE
    without = "Return-Path: <>\nFrom: Ann <ann@b.example>\nTo: list@example.com\nSubject: Question\n\n" + body
    assert one(without.encode()).kind is Kind.NONE


def test_a_report_passed_on_by_somebody_is_read() -> None:
    inner = delivery_report("a@b.example").decode()
    data = f'{HEAD}Subject: Fwd\nContent-Type: multipart/mixed; boundary="o"\n\n--o\n\nSee below.\n\n--o\n'
    data += f"Content-Type: message/rfc822\n\n{inner}\n--o--\n"
    found = one(data.encode())
    assert (found.kind, found.address) == (Kind.HARD, "a@b.example")


def test_a_report_whose_mime_is_broken_is_read() -> None:
    whole = delivery_report("a@b.example")
    for data in (
        whole.replace(b'boundary="b1"', b'boundary="nowhere"'),
        whole.replace(b"multipart/report", b"text/plain"),
        whole.replace(b"Content-Type: message/delivery-status\n\n", b"Content-Type: message/delivery-status\n"),
        whole.replace(b"\n", b"\r"),
        whole.partition(b"--b1--")[0],
    ):
        found = parse(data)
        assert [(one.kind, one.address) for one in found] == [(Kind.HARD, "a@b.example")]


def test_original_recipient_is_what_we_wrote() -> None:
    extra = b"Original-Recipient: rfc822;a+2Btag@b.example\nFinal-Recipient: rfc822; c@d.example"
    data = delivery_report("x@y.example").replace(b"Final-Recipient: rfc822; x@y.example", extra)
    assert one(data).address == "a+tag@b.example"


def test_the_reason_may_stand_in_the_notes_alone() -> None:
    data = delivery_report("a@b.example", status="5.0.0", said="smtp; 554 sorry").replace(
        b"it came back", b"mail.local: unknown user: a"
    )
    assert one(data).kind is Kind.HARD


def test_the_reason_may_stand_behind_the_action() -> None:
    report = delivery_report("a@b.example", status="5.0.0 (Unknown user)", said="x", action="failed (sorry)")
    assert one(report).kind is Kind.HARD


def test_a_report_that_names_nobody_means_whom_its_traces_tell() -> None:
    report = delivery_report("a@b.example", to=f"bounces+{TOKEN}@example.com").replace(
        b"rfc822; a@b.example", b"rfc822; a"
    )
    found = one(report)
    assert (found.kind, found.address, found.traces.tokens) == (Kind.HARD, "", (TOKEN,))
    report = text("I could not deliver your mail: user unknown", head=HEAD.replace("list@", f"bounces+{TOKEN}@"))
    found = one(report)
    assert (found.kind, found.address, found.traces.tokens) == (Kind.HARD, "", (TOKEN,))


def test_the_mail_that_came_back_may_name_its_envelope() -> None:
    body = "One address is not a valid user.\n\nReceived: from x\nX-Envelope-To: a@b.example\nTo: All <x@y.example>\n"
    assert one(text(body)).address == "a@b.example"


def test_traces_in_the_order_of_trust() -> None:
    returned = (
        f"Return-Path: <bounces+{OTHER}@example.com>\nMessage-ID: <abcdefghij234567.{'m' * 24}@example.com>\n"
        f"List-Unsubscribe: <https://example.com/u/{OTHER}>\n\nHello\n"
    )
    data = delivery_report("a@b.example", to=f"bounces+{TOKEN}@example.com", returned=returned.encode())
    traces = one(data).traces
    assert traces.tokens == (TOKEN, OTHER)
    assert traces.message_ids == (f"abcdefghij234567.{'m' * 24}@example.com",)


def test_a_token_that_quoted_printable_and_folding_cut_is_whole_again() -> None:
    returned = (
        f"List-Unsubscribe:\n <https://example.com/u/{TOKEN}>\nContent-Type: text/plain\n"
        f"Content-Transfer-Encoding: quoted-printable\n\nhttps://example.com/u/{OTHER[:30]}=\n{OTHER[30:]}\n"
    )
    assert one(complaint(returned=returned.encode())).traces.tokens == (TOKEN, OTHER)


@pytest.mark.parametrize(
    ("fields", "kind", "address"),
    [
        ("Feedback-Type: abuse\nOriginal-Rcpt-To: <a@b.example>\n", Kind.COMPLAINT, "a@b.example"),
        ("Feedback-Type: fraud\nRemoval-Recipient: a@b.example\n", Kind.COMPLAINT, "a@b.example"),
        ("Feedback-Type: opt-out\nOriginal-Rcpt-To: rfc822;a@b.example\n", Kind.UNSUBSCRIBE, "a@b.example"),
        ("User-Agent: x\n", Kind.COMPLAINT, "to@b.example"),
        ("Feedback-Type: not-spam\nOriginal-Rcpt-To: a@b.example\n", Kind.NONE, ""),
        ("Feedback-Type: auth-failure\nOriginal-Rcpt-To: a@b.example\n", Kind.NONE, ""),
    ],
)
def test_complaints(fields: str, kind: Kind, address: str) -> None:
    found = one(complaint(fields=fields, returned=b"To: to@b.example\nSubject: Hello\n\nHello\n"))
    assert (found.kind, found.address) == (kind, address)


def test_a_complaint_that_is_text_alone() -> None:
    body = "This is a report.\n\nFeedback-Type: abuse\nUser-Agent: x\nOriginal-Rcpt-To: a@b.example\n\nReceived: x\n"
    found = one(text(body, subject="Abuse", head="From: fbl@mx.example.net\n"))
    assert (found.kind, found.address) == (Kind.COMPLAINT, "a@b.example")


def test_microsoft_s_complaints_have_no_report() -> None:
    data = (
        "From: staff@hotmail.example\nSubject: complaint about message from 192.0.2.1\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: message/rfc822\n\n'
        "X-HmXmrOriginalRecipient: a@b.example\nTo: a@b.example\nSubject: Hello\n\nHello\n--b--\n"
    )
    found = one(data.encode())
    assert (found.kind, found.address) == (Kind.COMPLAINT, "a@b.example")


@pytest.mark.parametrize(
    "subject",
    [
        "unsubscribe",
        "Unsubscribe!",
        "Re: UNSUBSCRIBE",
        "please unsubscribe me",
        "Abmelden",
        "désabonner",
        "配信停止",
        "STOP",
        "Newsletter abbestellen",
        "Désabonnement",
        "Unsubscribe me from all lists, please",
        "",
    ],
)
def test_the_word_alone_is_a_wish_of_its_sender(subject: str) -> None:
    found = one(letter("Ann <ann@b.example>", subject, "unsubscribe"))
    assert (found.kind, found.address) == (Kind.UNSUBSCRIBE, "ann@b.example")


def test_apple_mail_says_that_it_answers_by_itself() -> None:
    found = one(letter("ann@b.example", "unsubscribe", "Apple Mail sent this", "Auto-Submitted: auto-replied\n"))
    assert found.kind is Kind.UNSUBSCRIBE


@pytest.mark.parametrize("subject", ["Unsubscribe from what?", "I did not unsubscribe", "Re: How to unsubscribe a cat"])
def test_a_sentence_is_no_wish(subject: str) -> None:
    assert one(letter("ann@b.example", subject, "That is all I ask.")).kind is Kind.NONE


@pytest.mark.parametrize(
    "said",
    [
        "unsubscribe",
        "\n\nPlease unsubscribe me, thanks.\n\n-- \nAnn",
        "STOP\n\nOn Monday The Letter wrote:\n> How are you?",
        "Take me off",
        "Bitte abmelden",
        "Cancel my subscription!",
        "Me désabonner",
    ],
)
def test_the_first_line_of_an_answer_is_a_wish_of_its_sender(said: str) -> None:
    found = one(letter("Ann <ann@b.example>", "Re: Issue 12", said))
    assert (found.kind, found.address) == (Kind.UNSUBSCRIBE, "ann@b.example")
    assert found.rule == "unsubscribe mail, by its first line and its sender"


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ("Great post!\n\n> unsubscribe", ""),
        ("How do I unsubscribe my cat?\nunsubscribe", ""),
        ("unsubscribe", "Auto-Submitted: auto-replied\n"),
        ("unsubscribe", "Return-Path: <>\n"),
        ("unsubscribe", "X-Autoreply: yes\n"),
    ],
)
def test_what_is_quoted_or_sent_by_a_machine_is_no_wish(said: str, more: str) -> None:
    assert one(letter("Ann <ann@b.example>", "Re: Issue 12", said, more)).kind is Kind.NONE


def test_a_wish_of_nobody_is_none() -> None:
    assert one(letter("", "unsubscribe")).kind is Kind.NONE


def test_the_token_in_a_subject_is_a_wish_whoever_sends_it() -> None:
    found = one(letter("assistant@c.example", f"Fwd: unsubscribe {TOKEN.upper()}"))
    assert (found.kind, found.address, found.traces.tokens) == (Kind.UNSUBSCRIBE, "", (TOKEN,))


def test_events_that_come_as_mail() -> None:
    event = (
        '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":'
        '[{"emailAddress":"a@b.example","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}],'
        '"timestamp":"2026-01-02T03:04:05.000Z"},"mail":{"messageId":"0100-1","source":"x@example.com"}}'
    )
    data = text(f"{event}\n\n--\nIf you wish to stop receiving notifications", subject="AWS Notification Message")
    found = one(data)
    assert (found.kind, found.address) == (Kind.HARD, "a@b.example")
    assert found.at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("said", ["{", "{]", '{"hello": 1}', "{" * 3000])
def test_text_that_begins_like_json_is_text(said: str) -> None:
    assert one(text(f"{said}\na@b.example: user unknown")).kind is Kind.HARD


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\0\xff" * 50, b"From x\n\n\n", b"no fields\nat all\n"])
def test_what_is_no_mail_is_nothing(data: bytes) -> None:
    assert one(data).kind is Kind.NONE


def test_the_time_of_a_report() -> None:
    assert one(delivery_report("a@b.example")).at == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert one(delivery_report("a@b.example", date="yesterday")).at is None
    assert one(delivery_report("a@b.example", date="Thu, 01 Jan 2026 10:00:00 -0000")).at is not None
