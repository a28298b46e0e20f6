"""The bounce mailbox on a real IMAP server: over TLS, read-only, from where it stopped."""

from __future__ import annotations

import imaplib
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from newsletter_cli.feedback import imap
from newsletter_cli.problems import NotNow
from tests.conftest import debian
from tests.doubles.reports import delivery_report
from tests.servers.dovecot import PASSWORD, USER, Dovecot, dovecot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.dovecot


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Iterator[Dovecot]:
    with dovecot(debian("dovecot", "dovecot-imapd"), authority) as running:
        yield running


@pytest.fixture(autouse=True)
def trusted(tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine trusts the test's authority."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.fixture
def folder(server: Dovecot, request: pytest.FixtureRequest) -> Path:
    """A mailbox of the test's own, with a name that is not ASCII."""
    return server.mailbox(f"R&APw-ck {request.node.name[:20]}")


def box(server: Dovecot, folder: Path, password: str = PASSWORD) -> imap.Imap:
    name = folder.name.removeprefix(".").replace("&APw-", "%C3%BC").replace(" ", "%20")
    return imap.from_url(server.url.replace("INBOX", name), password)


def put(folder: Path, number: int, data: bytes) -> None:
    (folder / "new" / f"17672256{number:02}.M{number}.host").write_bytes(data)


def test_it_reads_on_where_it_stopped(server: Dovecot, folder: Path) -> None:
    for number in range(3):
        put(folder, number, delivery_report(f"reader{number}@example.net", mark=str(number)))
    mailbox = box(server, folder)
    items = list(mailbox.items(""))
    assert [item.data for item in items] == [
        delivery_report(f"reader{n}@example.net", mark=str(n)).replace(b"\n", b"\r\n") for n in range(3)
    ]
    assert [item.bookmark.partition(":")[2] for item in items] == ["1", "2", "3"]
    assert list(mailbox.items(items[-1].bookmark)) == []
    put(folder, 3, b"Subject: later\n\nText\n")
    assert [item.data for item in mailbox.items(items[-1].bookmark)] == [b"Subject: later\r\n\r\nText\r\n"]
    # Another UIDVALIDITY: the server numbered its messages anew.
    assert len(list(mailbox.items("1:3"))) == 4
    assert len(list(mailbox.items("odd"))) == 4


def test_it_changes_nothing(server: Dovecot, folder: Path) -> None:
    put(folder, 0, delivery_report("reader0@example.net"))
    name = imap._quoted(box(server, folder).folder)
    list(box(server, folder).items(""))
    with imaplib.IMAP4_SSL("localhost", server.port, ssl_context=ssl.create_default_context()) as other:
        other.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
        other.select(name)
        assert other.uid("SEARCH", "UNSEEN")[1] == [b"1"]
        _, found = other.uid("FETCH", "1", "(FLAGS)")
        assert b"Seen" not in found[0]
        assert b"Deleted" not in found[0]


def test_a_large_mail_is_cut_short(server: Dovecot, folder: Path) -> None:
    put(folder, 0, b"Subject: large\n\n" + b"x" * 70 + b"\n" * 2_000_000)
    (item,) = box(server, folder).items("")
    assert len(item.data) == 1_000_000


def test_a_wrong_password_is_told_without_it(server: Dovecot, folder: Path) -> None:
    with pytest.raises(NotNow, match="refused the login") as later:
        list(box(server, folder, "not this one").items(""))
    assert "not this one" not in str(later.value)


def test_a_mailbox_that_is_not_there_is_told(server: Dovecot) -> None:
    with pytest.raises(NotNow, match="there is no mailbox Nowhere"):
        list(imap.from_url(server.url.replace("INBOX", "Nowhere"), PASSWORD).items(""))


def test_a_certificate_that_nobody_vouches_for_is_refused(
    server: Dovecot, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    with pytest.raises(NotNow, match="certificate verify failed"):
        list(box(server, folder).items(""))
    with pytest.raises(NotNow):
        list(imap.from_url(server.url.replace("localhost", "127.0.0.1"), PASSWORD).items(""))


def test_a_server_that_is_away_is_told() -> None:
    with pytest.raises(NotNow, match="cannot be reached"):
        list(imap.from_url("imaps://a@127.0.0.1:1/INBOX", PASSWORD).items(""))
