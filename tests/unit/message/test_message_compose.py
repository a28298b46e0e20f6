from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter_cli.addresses import Address, Mailbox
from newsletter_cli.message.compose import compose
from newsletter_cli.message.dkim import Signer, generate
from newsletter_cli.message.fill import fill
from newsletter_cli.message.parts import opened
from newsletter_cli.problems import Severity
from newsletter_cli.rendering.model import Context, InlineImage, Slot
from tests.doubles import mails

GOLDEN = Path(__file__).parents[2] / "golden" / "message"
PICTURE = InlineImage("0f1e@letter", bytes(range(256)), "image/png", "Bild ü.png")

# Made for this test; signs nothing else. Ed25519 signs the same bytes the same way every time.
ED25519 = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g
-----END PRIVATE KEY-----
"""


def codes(draft_or_problems: object) -> list[tuple[str, Severity]]:
    return [(problem.code, problem.severity) for problem in getattr(draft_or_problems, "problems", ())]


def test_a_plain_mail_has_the_promised_fields_in_order() -> None:
    draft = compose(mails.rendered(), mails.sender())
    mail = mails.read(fill(draft, mails.person()).data)
    assert not draft.problems
    assert mail.names() == [
        *("from", "to", "subject", "date", "message-id", "list-id", "list-unsubscribe", "list-unsubscribe-post"),
        *("precedence", "feedback-id", "mime-version", "content-type"),
    ]
    assert mail.decoded("To") == "ann@example.org"
    assert mail.decoded("Date") == "Fri, 02 Jan 2026 03:04:05 +0000"
    assert mail.decoded("List-Id") == "The Letter <letter.example.com>"
    assert mail.decoded("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert mail.decoded("Precedence") == "bulk"
    assert mail.decoded("Feedback-ID") == "abcdefghij234567:letter:newsletter:example-com"


def test_list_unsubscribe_is_folded_raw_between_its_two_urls() -> None:
    person = mails.person()
    data = fill(compose(mails.rendered(), mails.sender()), person).data
    token = person.token.encode()
    assert (
        b"\r\nList-Unsubscribe: <https://example.com/u/%b>,\r\n"
        b" <mailto:letter@example.com?subject=unsubscribe%%20%b>\r\n" % (token, token)
    ) in data


def test_text_comes_first_and_both_parts_arrive_as_they_were() -> None:
    html, text = "<p>Ünï = <b>“bold”</b>\t</p>  ", "Ünï = bold\n.\nFrom here on  "
    draft = compose(mails.rendered(html=html, text=text), mails.sender())
    person = mails.person()
    mail = mails.read(fill(draft, person).data)
    assert [part.get_content_type() for part in mail.message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    url = f"https://example.com/u/{person.token}"
    assert mail.text == f"{text}\n\nUnsubscribe: {url}\n"
    assert mail.html == f'{html}\n<p><a href="{url}">Unsubscribe</a></p>\n'


def test_embedded_images_stand_beside_the_html_in_a_related_part() -> None:
    draft = compose(mails.rendered(html='<img src="cid:0f1e@letter">', images=(PICTURE,)), mails.sender())
    data = fill(draft, mails.person()).data
    mail = mails.read(data)
    assert [part.get_content_type() for part in mail.message.walk()] == [
        *("multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"),
    ]
    image = opened(data).images["0f1e@letter"]
    assert image.data == PICTURE.data
    assert image.filename == "Bild_.png"
    assert b"\r\nContent-Disposition: inline;" in data
    assert b'multipart/related; type="text/html"' in data


@pytest.mark.parametrize(("cid", "mime"), [("a>b", "image/png"), ("a", "image/png\r\nX: y"), ("", "image/png")])
def test_an_image_that_could_break_its_header_is_a_fault(cid: str, mime: str) -> None:
    with pytest.raises(ValueError, match="not a Content-ID"):
        compose(mails.rendered(images=(InlineImage(cid, b"", mime, ""),)), mails.sender())


def test_the_boundary_is_named_after_the_content_not_after_the_tokens() -> None:
    def boundary(token: str, word: str) -> bytes:
        slot = Slot(token, Context.TEXT, ("name",), "you")
        draft = compose(mails.rendered(text=f"{word} {token}", slots=(slot,)), mails.sender())
        found = re.search(rb'boundary="(.*)"', fill(draft, mails.person()).data)
        assert found
        return found[1]

    assert boundary("tokenone1", "Hello") == boundary("another22", "Hello")
    assert boundary("tokenone1", "Hello") != boundary("tokenone1", "Howdy")


def test_tokens_that_begin_alike_are_told_apart() -> None:
    slots = (Slot("slot1", Context.TEXT, ("a",)), Slot("slot10", Context.TEXT, ("b",)))
    draft = compose(mails.rendered(text="slot10 slot1", slots=slots), mails.sender())
    mail = mails.read(fill(draft, mails.person(fields={"a": "one", "b": "ten"})).data)
    assert mail.text.startswith("ten one\n")


def test_a_rendering_without_slots_is_a_mail_too() -> None:
    bare = replace(mails.rendered(), html="<p>a</p>", text="a", slots=())
    data = fill(compose(bare, mails.sender()), mails.person()).data
    assert mails.read(data).html == "<p>a</p>"
    assert opened(data).text == "a"


def test_without_a_url_the_way_out_is_by_mail_alone() -> None:
    draft = compose(mails.rendered(), mails.sender(unsubscribe_url=""))
    person = mails.person()
    mail = mails.read(fill(draft, person).data)
    link = f"mailto:letter@example.com?subject=unsubscribe%20{person.token}"
    assert mail.decoded("List-Unsubscribe") == f"<{link}>"
    assert "list-unsubscribe-post" not in mail.names()
    assert f'href="{link}"' in mail.html
    assert link in mail.text


def test_mailto_takes_the_address_of_the_settings() -> None:
    draft = compose(mails.rendered(), mails.sender(unsubscribe_mailto="mailto:out@example.net"))
    assert "<mailto:out@example.net?subject=" in mails.read(fill(draft, mails.person()).data).decoded(
        "list-unsubscribe"
    )


def test_the_link_in_html_is_escaped() -> None:
    draft = compose(mails.rendered(), mails.sender(unsubscribe_url="https://example.com/?a=1&t={token}"))
    mail = mails.read(fill(draft, mails.person()).data)
    assert 'href="https://example.com/?a=1&amp;t=' in mail.html
    assert "https://example.com/?a=1&t=" in mail.text


@pytest.mark.parametrize("before", range(0, 80, 4))
def test_no_soft_break_cuts_a_token(before: int) -> None:
    url = f"https://e.example/{'x' * before}/{{token}}"
    draft = compose(mails.rendered(), mails.sender(unsubscribe_url=url))
    person = mails.person()
    data = fill(draft, person).data
    assert data.count(person.token.encode()) == 4
    assert max(map(len, data.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))) <= 76


def test_a_scheduled_send_says_so_and_a_manual_one_does_not() -> None:
    data = fill(compose(mails.rendered(), mails.sender(automatic=True)), mails.person()).data
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in data
    assert b"Auto-Submitted" not in fill(compose(mails.rendered(), mails.sender()), mails.person()).data


def test_reply_to_and_fixed_fields_are_written() -> None:
    sender = mails.sender(
        reply_to=Mailbox("", Address("hello", "example.com")),
        extra_headers={"X-PM-Message-Stream": "broadcast", "List-Archive": "<https://example.com/>"},
    )
    draft = compose(mails.rendered(), sender)
    mail = mails.read(fill(draft, mails.person()).data)
    assert not draft.problems
    assert mail.decoded("Reply-To") == "hello@example.com"
    assert mail.decoded("X-PM-Message-Stream") == "broadcast"
    assert mail.decoded("List-Archive") == "<https://example.com/>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "x") for name in ("From", "bcc", "Content-Type", "List-Unsubscribe", "DKIM-Signature", "Sender")),
        *(("X Y", "x"), ("X:", "x"), ("X\r\nBcc", "x"), ("", "x"), ("Xü", "x")),
        ("List-Help", "<https://exämple.com>"),
        ("X-Long", "x" * 1000),
    ],
)
def test_a_field_that_is_not_the_users_to_write_is_refused(name: str, value: str) -> None:
    draft = compose(mails.rendered(), mails.sender(extra_headers={name: value}))
    assert codes(draft) == [("extra-header", Severity.ERROR)]
    assert fill(draft, mails.person()).data == fill(compose(mails.rendered(), mails.sender()), mails.person()).data


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"unsubscribe_url": "https://example.com/u"}, ("unsubscribe-url", Severity.ERROR)),
        ({"unsubscribe_url": "ftp://example.com/{token}"}, ("unsubscribe-url", Severity.ERROR)),
        ({"unsubscribe_url": "{token}"}, ("unsubscribe-url", Severity.ERROR)),
        ({"unsubscribe_url": "https://[/{token}"}, ("unsubscribe-url", Severity.ERROR)),
        ({"unsubscribe_url": f"https://example.com/{'x' * 999}/{{token}}"}, ("unsubscribe-url", Severity.ERROR)),
        ({"unsubscribe_url": "http://example.com/{token}"}, ("unsubscribe-url", Severity.WARNING)),
        ({"unsubscribe_mailto": "nobody"}, ("unsubscribe-mailto", Severity.ERROR)),
        ({"return_path": "bounces"}, ("return-path", Severity.ERROR)),
        ({"return_path": "a-very-long-bounce-name+{token}@example.com"}, ("return-path", Severity.ERROR)),
        ({"return_path": "zoë@example.com"}, ("return-path", Severity.ERROR)),
        ({"newsletter": "a b"}, ("sender-id", Severity.ERROR)),
        ({"newsletter": "x\r\nBcc: a@b.example"}, ("sender-id", Severity.ERROR)),
    ],
)
def test_what_is_wrong_with_the_settings_is_said(changed: dict[str, str], expected: tuple[str, Severity]) -> None:
    assert set(codes(compose(mails.rendered(), mails.sender(**changed)))) == {expected}


def test_a_sender_must_be_ascii_before_the_at() -> None:
    draft = compose(mails.rendered(), mails.sender(mailbox=Mailbox("", Address("zoë", "example.com")), return_path=""))
    assert ("sender-not-ascii", Severity.ERROR) in codes(draft)


def test_a_bad_newsletter_id_cannot_end_its_line() -> None:
    draft = compose(mails.rendered(), mails.sender(newsletter="x\r\nBcc: a@b.example"))
    assert "bcc" not in mails.read(fill(draft, mails.person()).data).names()


@pytest.mark.parametrize(
    ("return_path", "expected"),
    [
        ("", "letter@example.com"),
        ("bounces@example.com", "bounces@example.com"),
        ("bounces+{token}@bücher.example", "bounces+{}@xn--bcher-kva.example"),
    ],
)
def test_the_return_path_is_fixed_or_names_the_reader(return_path: str, expected: str) -> None:
    person = mails.person()
    parcel = fill(compose(mails.rendered(), mails.sender(return_path=return_path)), person)
    assert parcel.mail_from == expected.format(person.token)
    assert parcel.rcpt_to == "ann@example.org"


@pytest.mark.parametrize(
    ("domain", "expected"), [("example.com", "example-com"), ("letters.a-long-name.example", None), ("a.b", None)]
)
def test_the_feedback_sender_has_5_to_15_characters(domain: str, expected: str | None) -> None:
    sender = mails.sender(mailbox=Mailbox("", Address("letter", domain)), return_path="")
    mail = mails.read(fill(compose(mails.rendered(), sender), mails.person()).data)
    name = mail.decoded("Feedback-ID").split(":")[3]
    assert 5 <= len(name) <= 15
    assert expected in {None, name}


def test_html_that_gmail_would_cut_is_warned_of() -> None:
    draft = compose(mails.rendered(html="<p>é</p>\n" * 12_000), mails.sender())
    assert codes(draft) == [("html-clipped", Severity.WARNING)]
    assert draft.size_octets > 102_000
    assert not compose(mails.rendered(html="<p>e</p>\n" * 9_000), mails.sender()).problems


def test_an_empty_subject_is_warned_of() -> None:
    assert codes(compose(mails.rendered(subject=""), mails.sender())) == [("message-subject-empty", Severity.WARNING)]


def test_the_size_is_that_of_a_mail() -> None:
    draft = compose(mails.rendered(), mails.sender())
    assert abs(draft.size_octets - len(fill(draft, mails.person()).data)) < 100


def test_only_slots_that_stand_somewhere_are_asked_for() -> None:
    here = Slot("tokenhere", Context.SUBJECT, ("first_name",))
    gone = Slot("tokengone", Context.HTML, ("city",))
    assert compose(mails.rendered(subject="Dear tokenhere", slots=(here, gone)), mails.sender()).slots == (here,)


def test_a_key_of_another_domain_is_warned_of() -> None:
    pem, _ = generate("ed25519", domain="example.net", selector="s1")
    signer = Signer.load("example.net", "s1", pem)
    assert codes(compose(mails.rendered(), mails.sender(), signers=[signer])) == [
        ("dkim-not-aligned", Severity.WARNING)
    ]


def test_the_bytes_are_the_same_on_every_python(request: pytest.FixtureRequest) -> None:
    """The whole mail beside a stored one: another Python, machine or day must not change an octet."""
    name = Slot("tokenname1", Context.HTML, ("first_name", "name"), "friend")
    link = Slot("tokenlink1", Context.HREF, ("city",), "")
    title = Slot("tokensubj1", Context.SUBJECT, ("first_name",), "friend")
    rendered = mails.rendered(
        subject="Für tokensubj1: a subject of some length – with a dash and 漢字",
        html='<p>Dear tokenname1, <a href="https://example.com/?city=tokenlink1">here</a>\t…</p>'
        '<img src="cid:0f1e@letter">',
        text="Dear tokenname1,\n.\nFrom here on",
        slots=(name, link, title),
        images=(PICTURE,),
    )
    signer = Signer.load("example.com", "s1", ED25519)
    sender = mails.sender(mailbox=Mailbox("Łetter, The", Address("letter", "example.com")))
    draft = compose(rendered, sender, signers=[signer])
    data = fill(draft, mails.person(fields={"first_name": "Zoë & Čo", "city": "São Paulo"})).data
    stored = GOLDEN / "letter.eml"
    if request.config.getoption("--rewrite-golden", default=False):
        stored.write_bytes(data.replace(b"\r\n", b"\n"))
    assert not draft.problems
    assert data == stored.read_bytes().replace(b"\n", b"\r\n")
