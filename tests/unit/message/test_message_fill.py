from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from newsletter_cli.addresses import Address
from newsletter_cli.message.check import check
from newsletter_cli.message.compose import compose
from newsletter_cli.message.fill import MissingField, escaped, fill, missing, value
from newsletter_cli.message.parts import opened
from newsletter_cli.rendering.model import Context, Slot
from tests.doubles import mails

NAME = Slot("tokenname1", Context.HTML, ("first_name", "name"), None, 7)
CITY = Slot("tokencity1", Context.HREF, ("city",), "nowhere", 8)


@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        ("<b>\"x\" & 'y'", Context.HTML, "&lt;b&gt;&quot;x&quot; &amp; &#x27;y&#x27;"),
        ('São "Paulo"&x=/', Context.HREF, "S%C3%A3o%20%22Paulo%22%26x%3D%2F"),
        ("javascript:alert(1)", Context.HREF, "javascript%3Aalert%281%29"),
        ("https://x.example/a?b=c&d", Context.HREF, "https%3A%2F%2Fx.example%2Fa%3Fb%3Dc%26d"),
        ("<b> & =", Context.TEXT, "<b> & ="),
        ("lone \ud800", Context.HREF, "lone%20%3F"),
    ],
)
def test_a_value_is_escaped_for_its_place(text: str, context: Context, expected: str) -> None:
    assert escaped(text, context) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://x.example/a?b=c&d=é", "https://x.example/a?b=c&amp;d=%C3%A9"),
        ('https://x.example/"><script>', "https://x.example/%22%3E%3Cscript%3E"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("data:text/html,x", "data%3Atext%2Fhtml%2Cx"),
    ],
)
def test_a_column_may_be_a_whole_link_of_a_harmless_kind(text: str, expected: str) -> None:
    assert escaped(text, Context.HREF, whole_url=True) == expected


def test_merge_fields_are_filled_in_subject_html_link_and_text() -> None:
    title = Slot("tokensubj1", Context.SUBJECT, ("first_name",), "friend")
    text = Slot("tokentext1", Context.TEXT, ("first_name",), "friend")
    draft = compose(
        mails.rendered(
            subject="Dear tokensubj1!",
            html='<p>tokenname1</p><a href="https://x.example/tokencity1">x</a><a href="tokencity1">y</a>',
            text="Dear tokentext1, dear tokentext1",
            slots=(NAME, CITY, title, text),
        ),
        mails.sender(),
    )
    fields = {"first_name": "Zoë <z>", "city": "https://c.example/?a&b"}
    mail = mails.read(fill(draft, mails.person(fields=fields)).data)
    assert mail.decoded("Subject") == "Dear Zoë <z>!"
    assert "<p>Zoë &lt;z&gt;</p>" in mail.html
    assert 'href="https://x.example/https%3A%2F%2Fc.example%2F%3Fa%26b"' in mail.html
    assert 'href="https://c.example/?a&amp;b"' in mail.html
    assert mail.text.startswith("Dear Zoë <z>, dear Zoë <z>\n")


def test_a_slot_made_for_html_is_plain_in_the_text_part() -> None:
    draft = compose(mails.rendered(html="tokenname1", text="tokenname1", slots=(NAME,)), mails.sender())
    mail = mails.read(fill(draft, mails.person(fields={"name": "a & b"})).data)
    assert mail.html.startswith("a &amp; b\n")
    assert mail.text.startswith("a & b\n")


@pytest.mark.parametrize(
    "text", ["tokenname1", "tokenname1tokenname1", "a tokenname1", "tokenname1\nb", "\ntokenname1 "]
)
@pytest.mark.parametrize("name", ["", "Ann", "Ann ", " a  b\t", ".", "\r\n.\r\n", "x" * 300, "é" * 90, "From x"])
def test_a_value_arrives_wherever_it_stands(text: str, name: str) -> None:
    slot = Slot("tokenname1", Context.TEXT, ("name",), "")
    draft = compose(mails.rendered(text=text, slots=(slot,)), mails.sender())
    data = fill(draft, mails.person(fields={"name": name})).data
    shown = "" if name.isspace() else name.replace("\r\n", "\n")
    assert mails.read(data).text.startswith(text.replace("tokenname1", shown) + "\n\nUnsubscribe")
    assert not check(data)
    assert b"\r\n." not in data


def test_the_names_are_tried_in_turn_and_in_other_spellings() -> None:
    assert value(NAME, {"first_name": "Ann", "name": "Ann Bee"}) == "Ann"
    assert value(NAME, {"first_name": " ", "name": "Ann Bee"}) == "Ann Bee"
    assert value(NAME, {"First Name": "Ann"}) == "Ann"
    assert value(CITY, {}) == "nowhere"


def test_a_value_is_text_without_controls() -> None:
    assert value(NAME, {"name": "a\x1b[31m\0b\r\nc\rd\x85e\u2028f\tg\x9b"}) == "a[31mb\nc\nd\ne\nf\tg"


def test_a_missing_field_names_itself_its_line_and_what_to_do() -> None:
    draft = compose(mails.rendered(html="tokenname1 tokencity1", slots=(NAME, CITY)), mails.sender())
    assert missing(draft, {"first_name": ""}) == NAME
    assert missing(draft, {"name": "Ann"}) is None
    with pytest.raises(MissingField) as raised:
        fill(draft, mails.person())
    assert raised.value.slot == NAME
    assert raised.value.problems[0].line == 7
    assert str(raised.value).endswith('{{ first_name or name or "friend" }}')


def test_a_mark_stands_before_the_subject() -> None:
    draft = compose(mails.rendered(), mails.sender())
    assert b"\r\nSubject: [test] The first letter\r\n" in fill(draft, mails.person(marked="[test] ")).data


def test_in_staging_the_mail_goes_elsewhere_and_says_whom_it_was_for() -> None:
    draft = compose(mails.rendered(), mails.sender())
    person = mails.person("zoë", redirect_to=Address("stage", "example.com"), marked="[test] ")
    parcel = fill(draft, person)
    mail = mails.read(parcel.data)
    assert parcel.rcpt_to == "stage@example.com"
    assert not parcel.smtputf8
    assert mail.decoded("To") == "stage@example.com"
    assert mail.decoded("X-Original-Recipient") == "zoë@example.org"
    assert mail.decoded("Subject") == "[test] [for zoë@example.org] The first letter"
    assert not check(parcel.data)


def test_an_international_address_is_raw_in_to_alone() -> None:
    parcel = fill(compose(mails.rendered(), mails.sender()), mails.person("zoë"))
    assert parcel.smtputf8
    assert "\r\nTo: zoë@example.org\r\n".encode() in parcel.data
    assert parcel.data.replace("zoë".encode(), b"").isascii()
    assert ("To", "zoë@example.org") in opened(parcel.data).headers
    assert not check(parcel.data, smtputf8=True)
    assert [problem.code for problem in check(parcel.data)] == ["message-8bit"]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), b"Thu, 31 Dec 2026 23:59:59 +0000"),
        (datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), b"Sat, 28 Feb 2026 23:30:00 +0000"),
    ],
)
def test_the_date_is_in_utc(at: datetime, expected: bytes) -> None:
    draft = compose(mails.rendered(), mails.sender())
    assert b"\r\nDate: %b\r\n" % expected in fill(draft, mails.person(date=at)).data


@pytest.mark.parametrize(
    "changed",
    [
        {"token": ""},
        {"token": "a b"},
        {"token": "a\r\nb"},
        {"token": "a" * 65},
        {"message_id": "a@b>\r\nBcc: x@y.example"},
        {"message_id": "<a@b>"},
        {"message_id": "a"},
        {"address": Address("a\r\nBcc: x", "example.org")},
        {"address": Address("a>", "example.org")},
        {"address": Address("a,b", "example.org")},
        {"address": Address("a\x1b", "example.org")},
        {"address": Address("a", "example.org>\r\nDATA")},
        {"redirect_to": Address("a b", "example.org")},
    ],
)
def test_what_could_end_a_line_or_a_bracket_is_never_written(changed: dict[str, Any]) -> None:
    draft = compose(mails.rendered(), mails.sender())
    with pytest.raises(ValueError, match="not an address, token or Message-ID"):
        fill(draft, mails.person(**changed))
