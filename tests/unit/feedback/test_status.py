"""What codes and words mean for an address."""

from __future__ import annotations

import pytest

from newsletter_cli.feedback import phrases
from newsletter_cli.feedback.model import Kind
from newsletter_cli.feedback.status import STATUSES, judge
from newsletter_cli.replies import Reason

HARD, SOFT, NONE = Kind.HARD, Kind.SOFT, Kind.NONE


@pytest.mark.parametrize(
    ("said", "status", "action", "kind"),
    [
        # RFC 3464 §2.3.3
        ("", "5.1.1", "failed", HARD),
        ("", "5.1.1", "Failed (Bad destination mailbox address)", HARD),
        ("550 5.1.1 unknown", "5.1.1", "delayed", SOFT),
        ("", "2.0.0", "relayed", NONE),
        ("", "2.1.5", "", NONE),
        # RFC 3463 §3.2
        ("", "5.1.2", "failed", HARD),
        ("", "5.1.3", "failed", HARD),
        ("", "5.1.6", "failed", HARD),
        ("", "5.1.10", "failed", HARD),
        ("550 5.1.0 Address rejected", "5.1.0", "failed", HARD),
        ("550 5.1.0 <a@b.example> sender rejected", "5.1.0", "failed", SOFT),
        ("550 5.1.8 bad sender's system address", "5.1.8", "failed", SOFT),
        # promise 18
        ("550 5.2.2 no such user", "5.2.2", "failed", SOFT),
        ("550 5.1.1 user over quota", "5.1.1", "failed", SOFT),
        ("552 mailbox is full, unknown user", "5.0.0", "failed", SOFT),
        ("550 5.7.1 unknown user", "5.0.0", "failed", SOFT),
        ("550 5.1.1 unknown user", "5.7.1", "failed", SOFT),
        ("", "4.1.1", "failed", SOFT),
        ("450 4.1.1 unknown user", "5.1.1", "failed", SOFT),
        ("421 user unknown", "", "", SOFT),
        # the code of the reply that is quoted counts, whatever the relay makes of it
        ("550 5.1.1 <a@b.example>... User Unknown", "5.0.0", "failed", HARD),
        ("550-5.1.1 The email account does not exist\n550 5.1.1 try again", "5.0.0", "", HARD),
        ("host mx.example.com[192.0.2.1] said: 550 unknown user", "5.0.0", "", HARD),
        # a code that words could have overruled
        ("550 5.1.0 nobody of that sort", "5.1.0", "failed", HARD),
        ("", "5.4.7", "failed", SOFT),
        # words, where there is no telling code
        ("550 Requested action not taken: mailbox unavailable", "5.5.0", "failed", HARD),
        ("Sorry, no mailbox here by that name. (#5.1.1)", "", "", HARD),
        ("550 <a@b.example>: Recipient address rejected: Access denied", "5.4.1", "failed", HARD),
        ("550 Access denied", "5.4.1", "failed", SOFT),
        (
            "Host or domain name not found. Name service error for name=x.example type=A: Host not found",
            "5.4.4",
            "",
            HARD,
        ),
        ("Unrouteable address", "", "", HARD),
        ("556 5.3.0 nobody", "", "", HARD),
        ("554 delivery error: This account has been disabled or discontinued", "5.0.0", "", HARD),
        ("550 account suspended", "5.2.1", "", SOFT),
        ("554 rejected for policy reasons", "5.0.0", "", SOFT),
        ("550 blocked using zen.spamhaus.example", "", "", SOFT),
        ("550 relaying denied", "5.0.0", "", SOFT),
        ("connect to mx.example.com[192.0.2.1]:25: Connection timed out", "5.4.1", "", SOFT),
        ("message size exceeds limit", "5.3.4", "", SOFT),
        # as servers say it (sisimai's tables name who does)
        ("550 All recipient addresses rejected : Access denied", "5.4.1", "", HARD),
        ("550 mailbox exceeded the local limit", "", "", SOFT),
        ("mailbox size limit exceeded", "", "", SOFT),
        ("user does not have enough space", "", "", SOFT),
        ("is not an active address at this host", "", "", HARD),
        ("all relevant MX records point to non-existent hosts", "", "", HARD),
        ("----- The following addresses had transient non-fatal errors -----", "", "", SOFT),
        ("You do not have permission to send to this recipient", "", "", SOFT),
        ("550 Adresse inconnue", "", "", HARD),
        ("554 mailbox unavailable: too busy", "", "", SOFT),
        ("550 HELO argument does not match calling host, unknown host", "", "", SOFT),
        ("550 Host unknown for sender", "", "", SOFT),
        # other languages
        ("Destinataire inconnu", "", "", HARD),
        ("550 Benutzer unbekannt", "", "", HARD),
        ("El usuario no existe", "", "", HARD),
        ("Boîte du destinataire pleine", "", "", SOFT),
        ("宛先のメールアドレスが見つかりません", "", "", HARD),
        ("用户不存在", "", "", HARD),
        ("пользователь не найден", "", "", HARD),
    ],
)
def test_a_verdict(said: str, status: str, action: str, kind: Kind) -> None:
    verdict = judge(said, status=status, action=action)
    assert verdict.kind is kind, verdict
    assert verdict.clear
    assert verdict.rule


@pytest.mark.parametrize("said", ["", "554 5.0.0 Service unavailable", "It failed permanently.", "554 No Resent-From"])
def test_where_nothing_tells_the_reason_it_is_a_count(said: str) -> None:
    verdict = judge(said)
    assert verdict.kind is SOFT
    assert not verdict.clear


@pytest.mark.parametrize(
    "said",
    [
        "550 <userunknown@example.com>: hm",
        "550 see https://example.com/unknown-user",
        "host mx.no-such-user.example[192.0.2.1] said: 554 hm",
        "your message of 450 kB",
        "version 4.7.2.1",
        "error [416]",
    ],
)
def test_names_and_numbers_are_not_words_and_codes(said: str) -> None:
    assert not judge(said).clear


def test_the_rule_names_the_words() -> None:
    assert judge("550 Unknown user kijitora").rule == "words of no such address, 'Unknown user'"
    assert judge("550 5.1.1 x").rule == "status 5.1.1"
    assert judge("552 mailbox full").reason is Reason.MAILBOX_FULL


def test_no_code_of_policy_transience_or_fullness_can_suppress() -> None:
    for status in STATUSES:
        if status.pattern.fullmatch("5.7.1") or status.pattern.fullmatch("5.2.2"):
            assert status.kind is SOFT
    for text in ("user unknown", "no such domain", "mailbox closed"):
        for code in ("4.1.1", "5.7.1", "5.2.2", "4.0.0"):
            assert judge(text, status=code, action="failed").kind is SOFT


def test_every_phrase_has_an_origin() -> None:
    assert all(row.origin and row.name for row in phrases.PHRASES)
    kinds = [row.kind for row in phrases.PHRASES]
    first = kinds.index(HARD)
    assert {row.reason for row in phrases.PHRASES[:first]} >= {Reason.MAILBOX_FULL, Reason.POLICY, Reason.SENDER}
