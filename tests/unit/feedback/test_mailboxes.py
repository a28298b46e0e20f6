"""Places where reports lie; none of them is ever changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli.feedback import imap, mailboxes
from newsletter_cli.problems import Refused

if TYPE_CHECKING:
    from pathlib import Path

MAIL = b"From: a@b.example\nSubject: Hello\n\nText\n"


def items(path: Path) -> list[tuple[str, bytes]]:
    return [(item.name, item.data) for item in mailboxes.open_box(path, "box").items("")]


def maildir(path: Path) -> Path:
    for name in ("tmp", "new", "cur"):
        (path / name).mkdir(parents=True)
    return path


def test_a_maildir_gives_new_and_cur_and_not_tmp(tmp_path: Path) -> None:
    box = maildir(tmp_path / "m")
    (box / "new" / "2.b").write_bytes(b"new")
    (box / "cur" / "1.a:2,S").write_bytes(b"cur")
    (box / "tmp" / "3.c").write_bytes(b"tmp")
    (box / "cur" / ".hidden").write_bytes(b"hidden")
    assert items(box) == [("box/new/2.b", b"new"), ("box/cur/1.a:2,S", b"cur")]


def test_a_message_that_moves_meanwhile_is_read_once(tmp_path: Path) -> None:
    box = maildir(tmp_path / "m")
    (box / "new" / "1.a").write_bytes(b"one")
    (box / "new" / "2.b").write_bytes(b"two")
    reading = mailboxes.open_box(box, "box").items("")
    assert next(reading).data == b"one"
    (box / "new" / "1.a").rename(box / "cur" / "1.a:2,S")
    (box / "new" / "2.b").rename(box / "cur" / "2.b:2,")
    assert [item.data for item in reading] == [b"two"]


def test_an_mbox_is_cut_where_a_mail_begins(tmp_path: Path) -> None:
    box = tmp_path / "mbox"
    first = MAIL + b"\nFrom here on it is text\n>From x\n"
    box.write_bytes(
        b"From MAILER-DAEMON  Thu Apr 29 23:34:45 2015\n" + first + b"\nFrom x Sat Oct  4 08:00 2025\r\n" + MAIL
    )
    assert items(box) == [("box:1", first + b"\n"), ("box:2", MAIL)]
    assert list(mailboxes.Given(box.read_bytes()).items("")) == [
        mailboxes.Item("standard input:1", first + b"\n"),
        mailboxes.Item("standard input:2", MAIL),
    ]


FROM = b"From MAILER-DAEMON Mon Jan  2 03:04:05 2026\n"


@pytest.mark.parametrize(
    "data",
    [
        FROM + b"Subject: a\n\nx\n\n" + FROM + b"Subject: b\n\ny\n",
        b"\n\r\n" + FROM + b"Subject: a\n\nx\n\n" + FROM + b"Subject: b\n\ny\n",
        b"\xef\xbb\xbf" + FROM + b"Subject: a\n\nx\n\n" + FROM + b"Subject: b\n\ny\n",
        FROM + b"Subject: a\n\nFrom the office at 10:00 in 2026\n" + FROM + b"Subject: b\n\ny\n",
        FROM.replace(b"\n", b"\r\n") + b"Subject: a\r\n\r\nx\r\n" + FROM + b"Subject: b\r\n\r\ny\r\n",
    ],
)
def test_an_mbox_as_programs_write_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "all.mbox").write_bytes(data)
    for box in (
        mailboxes.open_box(tmp_path / "all.mbox", "all"),
        mailboxes.open_box(tmp_path, "folder"),
        mailboxes.Given(data),
    ):
        assert [item.data[:10] for item in box.items("")] == [b"Subject: a", b"Subject: b"]


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf\r\n"])
def test_an_mbox_into_which_nothing_has_come_is_empty(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "mbox").write_bytes(data)
    assert list(mailboxes.open_box(tmp_path / "mbox", "mbox").items("")) == list(mailboxes.Given(data).items("")) == []


def test_a_large_mail_of_an_mbox_is_cut_short(tmp_path: Path) -> None:
    box = tmp_path / "mbox"
    line = b"x" * 999 + b"\n"
    box.write_bytes(b"From a Sat Oct  4 08:00:09 2025\n" + line * 3000 + b"\nFrom b Sat Oct  4 08:00:09 2025\n" + MAIL)
    large, small = items(box)
    assert len(large[1]) <= mailboxes.MAX_OCTETS + 1000
    assert small[1] == MAIL


def test_one_mail_is_one_mail_whatever_its_first_line(tmp_path: Path) -> None:
    for name in ("a.eml", "b.txt"):
        file = tmp_path / name
        file.write_bytes(b"From x Sat Oct  4 08:00:09 2025\n" + MAIL + b"\nFrom y Sat Oct  4 08:00:09 2025\n")
        assert len(items(file)) == 1


def test_a_folder_gives_its_files(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(b"b")
    (tmp_path / "a.txt").write_bytes(b"a")
    (tmp_path / ".c.eml").write_bytes(b"c")
    (tmp_path / "d").mkdir()
    assert items(tmp_path) == [("box/a.txt", b"a"), ("box/b.eml", b"b")]


@pytest.mark.parametrize(
    ("data", "told"), [(b' \n{"a": 1}', True), (b"\xef\xbb\xbf[1]", True), (MAIL, False), (b"", False)]
)
def test_events_are_told_from_mail(data: bytes, *, told: bool) -> None:
    assert mailboxes.Item("x", data).is_events is told


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such mailbox"):
        mailboxes.open_box(tmp_path / "nowhere", "nowhere")


def test_what_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = maildir(tmp_path / "m")
    (box / "new" / "1.a").write_bytes(MAIL)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    opened = mailboxes.open_box(box, "box")
    monkeypatch.setattr(type(box), "open", denied)
    with pytest.raises(Refused, match="Permission denied"):
        list(opened.items(""))


def test_the_address_of_an_imap_mailbox() -> None:
    box = imap.from_url("imaps://ann%40example.com:p%40ss@mail.example.com:10993/Lists/B%C3%A9la%20%26%20co")
    assert (box.host, box.port, box.user, box.folder) == (
        "mail.example.com",
        10993,
        "ann@example.com",
        "Lists/Béla & co",
    )
    assert box.name == "imaps://ann%40example.com@mail.example.com:10993/Lists/B%C3%A9la%20%26%20co"
    assert box.password == "p@ss"
    assert "p@ss" not in repr(box)
    assert imap.from_url("imaps://ann@mail.example.com", "word").folder == "INBOX"


@pytest.mark.parametrize(
    "url",
    [
        "imap://ann@mail.example.com/INBOX",
        "imaps://mail.example.com/INBOX",
        "imaps://ann@/INBOX",
        "imaps://ann@mail.example.com/INBOX",  # no password
        "imaps://ann:x@mail.example.com:nine/INBOX",
        "https://ann:x@mail.example.com/",
    ],
)
def test_what_is_no_imap_mailbox_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Refused) as refusal:
        imap.from_url(url)
    assert ":x@" not in str(refusal.value)


@pytest.mark.parametrize(
    ("folder", "wire"),
    [
        ("INBOX", '"INBOX"'),
        ('a "b" \\c', '"a \\"b\\" \\\\c"'),
        ("Entwürfe & mehr", '"Entw&APw-rfe &- mehr"'),
        ("日本語", '"&ZeVnLIqe-"'),  # RFC 3501 §5.1.3
    ],
)
def test_a_mailbox_s_name_on_the_wire(folder: str, wire: str) -> None:
    assert imap._quoted(folder) == wire
