"""The demo's SMTP server and its page."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.web.inbox import HOST, Inbox, Received, page, save

if TYPE_CHECKING:
    from pathlib import Path


def mail(*, html: str = "<html><head></head><body><p>Ebb</p></body></html>", to: str = "ada@example.com") -> bytes:
    message = EmailMessage()
    message["From"] = "Wren <wren@example.com>"
    message["To"] = to
    message["Subject"] = 'Tides & <b>"moons"</b>'
    message.set_content("Flood\n")
    message.add_alternative(html, subtype="html")
    part = message.get_body(("html",))
    assert isinstance(part, EmailMessage)
    part.add_related(b"\x89PNG", "image", "png", cid="<one@x>")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def received(data: bytes, to: str = "ada@example.com") -> Received:
    return Received(mail_from="wren@example.com", rcpt_to=(to,), data=data)


def test_every_mail_is_kept_byte_for_byte_in_the_order_of_arrival() -> None:
    bodies = [b"Subject: 1\r\n\r\n.dot\r\n..two\r\n", b"Subject: 2\r\n\r\nbye\r\n"]
    with Inbox() as inbox, smtplib.SMTP(HOST, inbox.port) as client:
        for body in bodies:
            client.sendmail("a@example.com", ["b@example.com"], body)
    assert [kept.data for kept in inbox.mails] == bodies
    assert inbox.mails[0].rcpt_to == ("b@example.com",)


def test_an_international_address_is_taken() -> None:
    with Inbox() as inbox, smtplib.SMTP(HOST, inbox.port) as client:
        client.ehlo("client.example")
        assert client.has_extn("smtputf8")
        client.mail("a@example.com", ["SMTPUTF8"])
        assert client.rcpt("jörg@example.com")[0] == 250


def test_two_inboxes_have_two_ports_and_both_close() -> None:
    with Inbox() as one, Inbox() as two:
        assert one.port != two.port
    with pytest.raises(OSError, match="refused"):
        smtplib.SMTP(HOST, one.port)


def test_a_conversation_left_open_does_not_keep_the_inbox(recwarn: pytest.WarningsRecorder) -> None:
    with Inbox() as inbox:
        client = smtplib.SMTP(HOST, inbox.port)
    client.close()
    assert not recwarn.list


def test_saved_names_are_harmless(tmp_path: Path) -> None:
    paths = save([received(b"x", to="../../o'neill/é@example.com")], tmp_path / "mails")
    assert [path.name for path in paths] == ["01-..-..-o-neill--@example.com.eml"]
    assert paths[0].read_bytes() == b"x"
    assert paths[0].parent == tmp_path / "mails"


def test_the_page_escapes_what_comes_from_a_mail() -> None:
    text = page([received(mail())], title="<demo>", left_out=[("list.csv:4", "<x>", "opted out & gone")])
    assert "<b>" not in text
    assert "&lt;demo&gt;" in text
    assert "opted out &amp; gone" in text
    assert "Flood" in text
    assert "MAIL FROM:&lt;wren@example.com&gt;" in text


def test_embedded_pictures_are_shown_and_unknown_ones_left() -> None:
    text = page([received(mail(html='<img src="cid:one@x"><img src="cid:one@xy"><p>cid:one@x</p>'))], title="t")
    assert "data:image/png;base64,iVBORw==" in text
    assert text.count("cid:one@x") == 2


def test_a_mail_without_html_shows_its_text() -> None:
    text = page([received(b"Subject: plain\r\n\r\n1 < 2\r\n")], title="t")
    assert "1 &amp;lt; 2" in text


def test_no_script_but_the_pages_own_may_run() -> None:
    text = page([received(mail(html="<script>alert(1)</script>"))], title="t")
    assert "default-src 'none'" in text
    assert 'sandbox="allow-same-origin allow-popups"' in text
    assert "<script>alert" not in text
