"""Promises 13 and 14 and the rules of mail, for any subject, name, column and post, by independent readers."""

from __future__ import annotations

import quopri
import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import quote

import dkim as dkimpy
import pytest
from hypothesis import example, given, strategies as st

from newsletter_cli.addresses import Address, Mailbox
from newsletter_cli.message import dkim, headers, quoted
from newsletter_cli.message.check import check
from newsletter_cli.message.compose import compose
from newsletter_cli.message.fill import fill
from newsletter_cli.message.parts import opened
from newsletter_cli.problems import errors
from newsletter_cli.rendering.model import Context, InlineImage, Slot
from tests.doubles import mails

if TYPE_CHECKING:
    from collections.abc import Sequence

NASTY = [
    *("\n.\n", "\r\n.\r\n", "\r.\r", "\n..\n", "\r\n\r\n", "DATA\r\n", "\r\nRSET\r\n", "\nFrom ", "From "),
    *("Bcc: a@b.example", "\r\nBcc: a@b.example", "=?utf-8?q?x?=", "=?utf-8?b?//8=?=", "=\r\n", "=3D", "--=_a", "\n--"),
    *("\0", "\x1b[31m", "\u2028", "\x85", "\xa0", " ", "  ", "\t", "<", '"', "&", "{{ x }}", "x" * 80, "\ud800"),
    *("é", "漢字", "e\u0301", "\U0001f469\u200d\U0001f467"),
]
words = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=12)), max_size=12).map("".join)
# What Rendered holds: text with LF, from decoded bytes.
posts = words.map(lambda text: text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n"))
tokens = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=48, max_size=48)
# `str.split` and the readers of `email` count some more characters as white space than headers know.
CONTROLS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
DROPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    """What a header may hold of a text, said a second time."""
    return CONTROLS.sub(" ", text.encode("utf-8", "replace").decode()).strip()


def as_value(text: str) -> str:
    """What a column may put into a part, said a second time."""
    for end in ("\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"):
        text = text.replace(end, "\n")
    return DROPPED.sub("", text)


def is_strict_mail(data: bytes) -> None:
    """The rules of the wire, by counting octets."""
    assert data.isascii()
    assert b"\0" not in data
    assert re.sub(rb"\r\n", b"", data).translate(None, b"\r\n") == re.sub(rb"\r\n", b"", data)
    assert data.endswith(b"\r\n")
    assert b"\r\n." not in data
    assert b"\r\nFrom " not in data
    header, _, body = data.partition(b"\r\n\r\n")
    assert max(map(len, header.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    names = [line.partition(b":")[0].lower() for line in header.split(b"\r\n") if line[:1] not in b" \t"]
    assert len(names) == len(set(names)), names
    assert b"bcc" not in names
    assert not errors(check(data))


@given(
    subject=words, name=words, first=words, city=words, html=posts, text=posts, marked=st.sampled_from(["", "[test] "])
)
@example(subject="\r\n.\r\n", name="\0", first="\r\n.\r\n", city="", html="\n.\n", text="\n.\n", marked="")
def test_any_subject_name_column_and_post_arrive_and_stay_in_their_place(
    subject: str, name: str, first: str, city: str, html: str, text: str, marked: str
) -> None:
    slots = (
        Slot("slottitle00", Context.SUBJECT, ("first",), "friend"),
        Slot("slothtml000", Context.HTML, ("first",), "friend"),
        Slot("slothref000", Context.HREF, ("city",), "none"),
        Slot("slottext000", Context.TEXT, ("first",), "friend"),
    )
    rendered = mails.rendered(
        subject=f"{subject} slottitle00",
        html=f'{html}slothtml000{html}<a href="https://x.example/?q=slothref000">x</a>',
        text=f"{text}slottext000{text}",
        slots=slots,
    )
    sender = mails.sender(mailbox=Mailbox(name, Address("letter", "example.com")), name=name)
    draft = compose(rendered, sender)
    assert not errors(draft.problems)
    person = mails.person(fields={"first": first, "city": city}, marked=marked)
    data = fill(draft, person).data
    is_strict_mail(data)
    mail = mails.read(data)
    shown = as_value(first) if first and not first.isspace() else "friend"
    place = city if city and not city.isspace() else "none"
    place = quote(as_value(place).strip(), safe="", errors="replace")
    link = f"https://example.com/u/{person.token}"
    shown = shown.encode("utf-8", "replace").decode()
    assert mail.text == f"{text}{shown}{text}\n\nUnsubscribe: {link}\n"
    assert mail.html == (
        f'{html}{escape(shown)}{html}<a href="https://x.example/?q={place}">x</a>\n'
        f'<p><a href="{link}">Unsubscribe</a></p>\n'
    )
    assert mail.decoded("Subject") == one_line(f"{marked}{subject} {shown}")
    assert [str(box.addr_spec) for box in mail.message["From"].addresses] == ["letter@example.com"]
    assert opened(data).subject == mail.decoded("Subject")
    assert opened(data).html == mail.html


@given(name=words)
def test_any_display_name_comes_back(name: str) -> None:
    written = headers.mailbox("From", Mailbox(name, Address("letter", "example.com")))
    data = written + b"\r\n\r\n"
    mail = message_from_bytes(data, policy=policy.SMTP)
    (box,) = mail["From"].addresses
    assert str(box.addr_spec) == "letter@example.com"
    # Python's reader of phrases drops or joins some white space; characters that show must be the same.
    assert "".join(box.display_name.split()) == "".join(one_line(name).split())


@given(text=words, column=st.integers(5, 60))
def test_encoded_words_are_short_whole_and_come_back(text: str, column: int) -> None:
    text = one_line(text)
    written = headers.encoded_words(text, column)
    lines = written.split("\r\n")
    assert all(len(line) <= 76 for line in lines)
    assert column + len(lines[0]) <= 76
    decoded = []
    for line in lines[not lines[0] :] if text else []:
        word = line.removeprefix(" ")
        assert re.fullmatch(r"=\?utf-8\?[qb]\?[!->@-~]+\?=", word)
        assert len(word) <= 75
        decoded.append(str(make_header(decode_header(word))))
    assert "".join(decoded) == text


@given(pieces=st.lists(words, min_size=1, max_size=4))
def test_quoted_printable_comes_back_in_pieces_too(pieces: list[str]) -> None:
    column, written = 0, []
    for number, piece in enumerate(pieces, 1):
        encoded, column = quoted.encode(piece, column, last=number == len(pieces))
        written.append(encoded)
    whole = b"".join(written)
    assert all(len(line) <= 76 for line in whole.split(b"\r\n"))
    expected = "".join(pieces).encode("utf-8", "replace").replace(b"\n", b"\r\n")
    assert quopri.decodestring(whole) == expected


@given(value=words)
def test_a_value_is_canonical_by_itself(value: str) -> None:
    encoded = quoted.encode_value(value)
    assert dkim.relaxed_body(encoded + b"=\r\n") == encoded + b"=\r\n"
    assert quopri.decodestring(encoded) == value.encode("utf-8", "replace").replace(b"\n", b"\r\n")


@given(html=posts, text=posts, first=tokens, second=tokens)
def test_two_readers_mails_differ_only_in_the_named_places(html: str, text: str, first: str, second: str) -> None:
    draft = compose(mails.rendered(html=html, text=text), mails.sender())
    masked = []
    for local, token in (("ann", first), ("bartholomew", second)):
        person = mails.person(local, token=token)
        parcel = fill(draft, person)
        data = parcel.data
        for named, count in (
            (f"\r\nTo: {local}@example.org", 1),
            (f"\r\nMessage-ID: <{person.message_id}>", 1),
            ("\r\nDate: Fri, 02 Jan 2026 03:04:05 +0000", 1),
            (f"/u/{token}>,", 1),
            (f"unsubscribe%20{token}>", 1),
        ):
            assert data.count(named.encode()) == count
            data = data.replace(named.encode(), b"~")
        # The visible links, in text and HTML; a soft break may stand before a token, at the same place for all.
        data = re.sub(rb"/u/(=\r\n)?" + token.encode(), rb"\1~", data)
        assert parcel.mail_from == f"bounces+{token}@example.com"
        masked.append(data)
    assert masked[0] == masked[1]


@given(html=posts, first=words, second=words)
def test_a_merge_field_changes_nothing_but_its_own_places(html: str, first: str, second: str) -> None:
    slots = (Slot("slothtml000", Context.HTML, ("n",), "x"), Slot("slottext000", Context.TEXT, ("n",), "x"))
    rendered = mails.rendered(html=f"{html}slothtml000{html}", text="Dear slottext000,", slots=slots)
    draft = compose(rendered, mails.sender())
    seen = []
    for name in (first, second):
        data = fill(draft, mails.person(fields={"n": name})).data
        value = as_value(name) if name and not name.isspace() else "x"
        in_html, in_text = quoted.encode_value(escape(value)), quoted.encode_value(value)
        # Where the values stand is known by the octets before them, which hold no value.
        at_text = data.index(b"Dear =\r\n") + len(b"Dear =\r\n")
        assert data.startswith(in_text, at_text)
        data = data[:at_text] + data[at_text + len(in_text) :]
        at_html = data.index(b"\r\n\r\n", data.index(b"text/html")) + 4 + len(before_html(html))
        assert data.startswith(in_html, at_html)
        seen.append(data[:at_html] + data[at_html + len(in_html) :])
    assert seen[0] == seen[1]


def before_html(html: str) -> bytes:
    encoded, column = quoted.encode(html, last=False)
    return encoded + (b"=\r\n" if column else b"")


@given(html=posts, text=posts, subject=words, name=words)
def test_the_same_mail_is_the_same_bytes_whatever_the_tokens(html: str, text: str, subject: str, name: str) -> None:
    def made(token: str) -> bytes:
        slot = Slot(token, Context.HTML, ("name",), "friend")
        rendered = mails.rendered(html=f"{html}{token}", text=text, subject=subject, slots=(slot,))
        return fill(compose(rendered, mails.sender()), mails.person(fields={"name": name})).data

    assert made("tokenone00001") == made("tokentwo222222222")


@pytest.fixture(scope="module")
def signers() -> Sequence[dkim.Signer]:
    return [
        dkim.Signer.load("example.com", "r", dkim.generate("rsa", domain="example.com", selector="r")[0]),
        dkim.Signer.load("example.com", "e", dkim.generate("ed25519", domain="example.com", selector="e")[0]),
    ]


@given(subject=words, name=words, html=posts, text=posts, picture=st.binary(max_size=200))
def test_dkimpy_accepts_every_fill(
    signers: Sequence[dkim.Signer], subject: str, name: str, html: str, text: str, picture: bytes
) -> None:
    slots = (Slot("slothtml000", Context.HTML, ("n",), ""), Slot("slottitle00", Context.SUBJECT, ("n",), ""))
    rendered = mails.rendered(
        html=f"{html} slothtml000 {html}",
        text=text,
        subject=f"{subject} slottitle00",
        slots=slots,
        images=(InlineImage("a@b", picture, "image/png", name),),
    )
    draft = compose(rendered, replace(mails.sender(), name=name), signers=signers)
    data = fill(draft, mails.person(fields={"n": name})).data
    records = {f"{signer.record.name}.": signer.record.text.encode() for signer in signers}
    # dkimpy verifies Ed25519 with PyNaCl: its extra "ed25519".
    for number in range(2 if find_spec("nacl") else 1):
        assert dkimpy.DKIM(data).verify(idx=number, dnsfunc=lambda domain, timeout=5: records[domain.decode()])
    assert not errors(check(data))


@given(data=st.binary(max_size=300))
def test_check_looks_at_anything(data: bytes) -> None:
    assert check(data)


@given(value=words)
def test_no_fixed_field_adds_another(value: str) -> None:
    draft = compose(mails.rendered(), mails.sender(extra_headers={"X-Stream": value}))
    if not errors(draft.problems):
        data = fill(draft, mails.person()).data
        is_strict_mail(data)
        assert len(mails.read(data).names()) == 13
