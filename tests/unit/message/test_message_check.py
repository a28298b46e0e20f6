from __future__ import annotations

import pytest

from newsletter_cli.message.check import check
from newsletter_cli.message.compose import compose
from newsletter_cli.message.fill import fill
from newsletter_cli.problems import Severity
from newsletter_cli.rendering.model import InlineImage
from tests.doubles import mails


@pytest.fixture(scope="module")
def good() -> bytes:
    image = InlineImage("a@b", bytes(300), "image/gif", "a.gif")
    rendered = mails.rendered(subject="Zoë", html="<p>=é</p>", images=(image,))
    return fill(compose(rendered, mails.sender()), mails.person()).data


def test_a_mail_of_ours_has_nothing_wrong(good: bytes) -> None:
    assert check(good) == ()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"Precedence: bulk\r\n", b"Precedence: bulk\n", "message-line-end"),
        (b"<p>", b"<p>\r", "message-line-end"),
        (b"<p>", b"<p>\n.\n", "message-line-end"),
        (b"<p>", b"\0<p>", "message-nul"),
        (b"Precedence: bulk", b"Precedence: " + b"x" * 999, "message-line-long"),
        (b"<p>", "ü".encode(), "message-8bit"),
        (b"To: ann", "To: zoë".encode(), "message-8bit"),
        (b"To: ann@example.org\r\n", b"", "message-header-count"),
        (b"To: ", b"To: a@b.example\r\nTo: ", "message-header-count"),
        (b"Precedence: ", b"List-Id: <x.y>\r\nPrecedence: ", "message-header-count"),
        (b"Precedence: bulk", b"Precedence: bulk\r\n ", "message-header-fold"),
        (b"Precedence: bulk", b"Precedence: \x1b[0m", "message-header-control"),
        (b"Precedence: bulk", b"no field", "message-header"),
        (b"List-Id: The Letter", b"List-Id: =?utf-8?q?x?=", "message-encoded-word"),
        (b"To: ann", b"To: =?utf-8?q?ann?=", "message-encoded-word"),
        (b"=?utf-8?q?Zo=C3=AB?=", b"=?utf-8?q?" + b"x" * 70 + b"?=", "message-encoded-word"),
        (b"=?utf-8?q?Zo=C3=AB?=", b"=?utf-8?q?Zo=C3?=", "message-encoded-word"),
        (b"=?utf-8?q?Zo=C3=AB?=", b"=?utf-8?b?Zo?=", "message-encoded-word"),
        (b"=?utf-8?q?Zo=C3=AB?=", b"=?utf-8?x?Zo?=", "message-encoded-word"),
        (b"=?utf-8?q?Zo=C3=AB?=", b"=?klingon?q?Zo?=", "message-encoded-word"),
        (b"=?utf-8?q?Zo=C3=AB?=", b"some words before it " * 3 + b"=?utf-8?q?Zo=C3=AB?=", "message-encoded-word"),
        (b"=?utf-8?q?Zo=C3=AB?=", b"", "message-subject-empty"),
        (b"<p>", b"<p>" + b"x" * 80, "message-part"),
        (b"<p>", b"<p> \r\n", "message-part"),
        (b"<p>", b"<p>=x", "message-part"),
        (b"Content-ID: <a@b>\r\n", b"Content-ID: <a@b>\r\n" + b"oops\r\n", "message-part"),
        (b"--\r\n", b"\r\n", "message-part"),
    ],
)
def test_every_fault_is_found(good: bytes, old: bytes, new: bytes, code: str) -> None:
    assert old in good
    assert code in {problem.code for problem in check(good.replace(old, new, 1))}


def test_a_mail_without_an_end_is_found(good: bytes) -> None:
    assert {problem.code for problem in check(good[:-2])} == {"message-line-end"}
    assert {problem.code for problem in check(b"From: a@b.example\r\n")} == {"message-header"}


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"x", b"\xff\xfe\0", b'A: boundary=""\r\n\r\n'])
def test_any_bytes_are_looked_at_without_an_exception(data: bytes) -> None:
    assert check(data)


def test_a_fold_that_hides_a_second_field_is_no_field(good: bytes) -> None:
    assert not check(good.replace(b"Precedence: bulk", b"Precedence:\r\n bulk"))


def test_a_mail_that_many_servers_refuse_is_warned_of(good: bytes) -> None:
    picture = b"A" * 76 + b"\r\n"
    large = good.replace(b"AAAA\r\n", b"AAAA\r\n" + picture * 140_000, 1)
    assert [(problem.code, problem.severity) for problem in check(large)] == [("message-large", Severity.WARNING)]
