from __future__ import annotations

from email.header import decode_header

import pytest

from newsletter_cli.addresses import Address, Mailbox
from newsletter_cli.message import headers

LETTER = Address("letter", "example.com")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("two  spaces", "two spaces"),
        (" ends ", "ends"),
        ("a\r\nBcc: x@y.example", "a Bcc: x@y.example"),
        ("nul\0esc\x1b[31m", "nul esc [31m"),
        ("line\u2028sep\u2029\x85nel", "line sep nel"),
        ("lone \ud800", "lone ?"),
        ("hard\u00a0space", "hard\u00a0space"),
    ],
)
def test_plain_is_one_line_without_controls(text: str, expected: str) -> None:
    assert headers.plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", b"Subject: Hello"),
        ("", b"Subject: "),
        ("Zoë", b"Subject: =?utf-8?q?Zo=C3=AB?="),
        ("漢字漢字", b"Subject: =?utf-8?b?5ryi5a2X5ryi5a2X?="),
        ("=?utf-8?q?forged?=", b"Subject: =?utf-8?b?PT91dGYtOD9xP2ZvcmdlZD89?="),
        ("a\nBcc: b@c.example", b"Subject: a Bcc: b@c.example"),
        ("word " * 20, b"Subject: " + b" ".join([b"word"] * 13) + b"\r\n " + b" ".join([b"word"] * 7)),
    ],
)
def test_the_subject_is_raw_where_it_may_be(text: str, expected: bytes) -> None:
    assert headers.unstructured("Subject", text) == expected


def test_a_word_too_long_for_a_line_is_encoded() -> None:
    lines = headers.unstructured("Subject", "x" * 300).split(b"\r\n")
    assert len(lines) == 5
    assert all(len(line) <= 76 for line in lines)


def test_behind_a_long_name_an_encoded_word_has_its_own_line() -> None:
    name = "X-" + "Long-" * 12 + "Name"
    assert headers.fixed(name, "é") == f"{name}: \r\n =?utf-8?b?w6k=?=".encode()


@pytest.mark.parametrize("shift", range(8))
def test_an_encoded_word_holds_whole_characters(shift: int) -> None:
    for text in ("a" * (46 + shift) + "éabcdefghijklmnopqrstuvw" * 3, "漢é" * (10 + shift)):
        for line in headers.unstructured("Subject", text).removeprefix(b"Subject: ").split(b"\r\n "):
            assert decode_header(line.decode())[0][0].decode()  # raises where a character is cut


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", b"From: letter@example.com"),
        ("The Letter", b"From: The Letter <letter@example.com>"),
        ("J. Doe", b'From: "J. Doe" <letter@example.com>'),
        ('A "B" \\ C', b'From: "A \\"B\\" \\\\ C" <letter@example.com>'),
        ("Zoë and her friends", b"From: =?utf-8?q?Zo=C3=AB_and_her_friends?= <letter@example.com>"),
        ("x\r\nBcc: a@b.example", b'From: "x Bcc: a@b.example" <letter@example.com>'),
        ("=?x?=", b"From: =?utf-8?b?PT94Pz0=?= <letter@example.com>"),
        ("Long " * 12, b"From: " + b" ".join([b"Long"] * 12) + b"\r\n <letter@example.com>"),
    ],
)
def test_a_mailbox_is_bare_quoted_or_encoded(name: str, expected: bytes) -> None:
    assert headers.mailbox("From", Mailbox(name, LETTER)) == expected


def test_a_name_too_long_to_quote_is_encoded() -> None:
    written = headers.mailbox("From", Mailbox("Letters. " * 12, LETTER))
    assert written.startswith(b"From: =?utf-8?q?Letters=2E_")
    assert all(len(line) <= 76 for line in written.split(b"\r\n"))
    assert written.endswith(b"<letter@example.com>")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("The Letter", b"List-Id: The Letter <letter.example.com>"),
        ("J. Doe", b'List-Id: "J. Doe" <letter.example.com>'),
        ("", b"List-Id: <letter.example.com>"),
        ("Café", b"List-Id: <letter.example.com>"),
        ("=?utf-8?q?x?=", b"List-Id: <letter.example.com>"),
        ("Long " * 20, b"List-Id: <letter.example.com>"),
        ("Long " * 12, b"List-Id: " + b" ".join([b"Long"] * 12) + b"\r\n <letter.example.com>"),
    ],
)
def test_a_list_id_has_no_encoded_word(name: str, expected: bytes) -> None:
    assert headers.list_id(name, "letter", "example.com") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("broadcast", b"X-Stream: broadcast"),
        ("a\r\nb", b"X-Stream: a b"),
        ('{"unique_args": 1}', b'X-Stream: {"unique_args": 1}'),
        ("y" * 200, b"X-Stream: " + b"y" * 200),
        ("é", b"X-Stream: =?utf-8?b?w6k=?="),
    ],
)
def test_a_fixed_field_stays_readable_for_the_relay(value: str, expected: bytes) -> None:
    assert headers.fixed("X-Stream", value) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("https://example.com/u/{token}", "https://example.com/u/{token}"),
        ("https://bücher.example/u?t={token}&l=ä", "https://xn--bcher-kva.example/u?t={token}&l=%C3%A4"),
        ("https://me@bücher.example:8443/{token}", "https://me@xn--bcher-kva.example:8443/{token}"),
        ("https://example.com/a b/{token}>", "https://example.com/a%20b/{token}%3E"),
        ("https://example.com/%20/{other}/{token}", "https://example.com/%20/%7Bother%7D/{token}"),
    ],
)
def test_a_url_is_made_ascii(template: str, expected: str) -> None:
    assert headers.url(template) == expected


def test_a_url_with_a_broken_host_is_none() -> None:
    with pytest.raises(ValueError, match="no address"):
        headers.url("https://bü cher.example/{token}")


@pytest.mark.parametrize(
    ("template", "may"),
    [
        ("https://example.com/u/{token}", True),
        ("https:///u/{token}", False),
        ("http://example.com/u/{token}", False),
        ("http://localhost:8000/u/{token}", True),
        ("http://letter.localhost/u/{token}", True),
        ("http://127.0.0.1:8000/u/{token}", True),
        ("http://[::1]:8000/u/{token}", True),
        ("http://127.example.com/u/{token}", False),
        ("mailto:a@b.example", False),
    ],
)
def test_one_click_wants_https_or_this_machine(template: str, *, may: bool) -> None:
    assert headers.may_one_click(template) is may


def test_the_way_out_by_mail_names_the_token_in_its_subject() -> None:
    assert headers.mailto(LETTER) == "mailto:letter@example.com?subject=unsubscribe%20{token}"
    assert headers.mailto(Address("a&b?c/d%", "example.com")).startswith("mailto:a%26b%3Fc%2Fd%25@example.com?")
