"""`newsletter bounces imaps://…`: the ledger remembers how far the mailbox was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from tests.conftest import debian
from tests.doubles.reports import delivery_report
from tests.servers.dovecot import PASSWORD, dovecot

if TYPE_CHECKING:
    from tests.cli.folder import Folder

pytestmark = pytest.mark.dovecot


def test_an_imap_mailbox_is_read_on_from_where_it_stopped(letter: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(letter.path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(letter.path / "ca.pem"))
    with dovecot(debian("dovecot", "dovecot-imapd"), authority) as server:
        new = server.maildir / "new"
        (new / "1.a").write_bytes(delivery_report("reader1@example.net"))
        assert letter("send", "post.md", "--list", "subs.csv").code == 0
        letter.write("newsletter.toml", letter.read("newsletter.toml") + f'\n[bounces]\nmailbox = "{server.url}"\n')
        refused = letter("bounces")
        assert refused.code == 3
        assert "NEWSLETTER_BOUNCES_PASSWORD" in refused.err
        monkeypatch.setenv("NEWSLETTER_BOUNCES_PASSWORD", PASSWORD)
        assert "would be 1 suppressed" in letter("bounces", "--dry-run").out
        first = letter("bounces").out
        assert "/INBOX;uid=1: hard bounce of reader1@example.net: suppressed" in first
        assert ": 1 read, 0 of them before; 1 suppressed" in first
        (new / "2.b").write_bytes(delivery_report("reader2@example.net", mark="2"))
        second = letter("bounces").out
        assert ": 1 read, 0 of them before; 1 suppressed" in second
        assert "reader2@example.net" in second
        assert ": 0 read" in letter("bounces").out
        monkeypatch.setenv("NEWSLETTER_BOUNCES_PASSWORD", "another")
        assert letter("bounces").code == 75
        assert PASSWORD not in first + second + letter("doctor", "--offline", "--settings").out
