"""The record as text: a machine with an empty disk goes on where the last one stopped."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.cli.folder import ALL

if TYPE_CHECKING:
    from tests.cli.folder import Folder


def lose_the_disk(letter: Folder) -> None:
    keys = (letter.path / ".newsletter" / "keys").read_bytes()
    shutil.rmtree(letter.path / ".newsletter")
    letter.write(".newsletter/keys", keys)


def test_a_begun_campaign_goes_on_from_an_import(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    assert letter("suppress", "add", "reader5@example.net").code == 0
    assert letter("ledger", "export", "record.txt").code == 0
    assert "example.net" not in letter.read("record.txt")
    lose_the_disk(letter)
    assert letter("send", "post.md", "--list", "subs.csv").code == 3
    shutil.rmtree(letter.path / ".newsletter" / "ledger.sqlite3", ignore_errors=True)
    for left in (letter.path / ".newsletter").glob("ledger*"):
        left.unlink()
    assert letter("ledger", "import", "record.txt").code == 0
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ALL[:4]
    assert "email_sent_at" in letter.read("post.md")


def test_a_finished_campaign_is_not_sent_again_after_an_import(letter: Folder) -> None:
    before = letter.read("post.md")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter("ledger", "export", "record.txt").code == 0
    lose_the_disk(letter)
    letter.write("post.md", before)
    assert letter("ledger", "import", "record.txt").code == 0
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ALL
    letter.write("subs.csv", letter.read("subs.csv") + "late@example.net,L\n")
    assert letter("send", "post.md", "--list", "subs.csv", "--again").code == 0
    assert letter.mailed == sorted([*ALL, "late@example.net"])


def test_an_import_without_the_keys_is_refused(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter("ledger", "export", "record.txt").code == 0
    shutil.rmtree(letter.path / ".newsletter")
    refused = letter("ledger", "import", "record.txt")
    assert refused.code == 3
    assert "NEWSLETTER_LEDGER_KEY" in refused.err


def test_a_backup_is_a_ledger_with_its_keys(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter("ledger", "backup", "copy.sqlite3").code == 0
    assert (letter.path / "copy.sqlite3.keys").stat().st_mode & 0o777 == 0o600
    shutil.rmtree(letter.path / ".newsletter")
    letter.write(".newsletter/keys", (letter.path / "copy.sqlite3.keys").read_bytes())
    (letter.path / "copy.sqlite3").rename(letter.path / ".newsletter" / "ledger.sqlite3")
    assert letter("status", "--json").json["sent"] == 5
