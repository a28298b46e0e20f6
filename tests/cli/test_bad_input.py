"""Bad input of every kind: a clear line with what to do, the exit code of the interface, nothing lost, no traceback."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.folder import Folder

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


def refused(letter: Folder, *arguments: str, code: int = 3) -> str:
    before = letter.tree()
    ran = letter(*arguments)
    assert ran.code == code, ran.err
    assert ran.err.strip()
    assert letter.mails == []
    after = letter.tree()
    assert {name: data for name, data in after.items() if not name.startswith(".newsletter")} == before
    return ran.err


def test_an_unknown_key_names_file_line_and_the_nearest(letter: Folder) -> None:
    letter.write("newsletter.toml", letter.read("newsletter.toml").replace("retry_after", "retry_aftr"))
    said = refused(letter, "send", "post.md", "--list", "subs.csv")
    assert "newsletter.toml:12" in said
    assert "retry_after" in said


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("image.csv", PNG),
        ("empty.csv", b""),
        ("none.csv", b"email,name\n,nobody\nnot an address,x\n"),
        ("nul.csv", b"\0" * 1000),
        ("page.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    ],
)
def test_a_list_that_is_none(letter: Folder, name: str, data: bytes) -> None:
    letter.write(name, data)
    assert name in refused(letter, "send", "post.md", "--list", name)


def test_an_opt_out_that_is_not_understood_names_column_and_values(letter: Folder) -> None:
    letter.write("odd.csv", "email,status\na@example.net,active\nb@example.net,zorp\n")
    said = refused(letter, "send", "post.md", "--list", "odd.csv")
    assert "status" in said
    assert "zorp" in said


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 4096, b"x" * 25_000_000, PNG, b"---\ntitle: [\n---\nx\n"],
    ids=["empty", "nul", "large", "png", "yaml"],
)
def test_a_post_that_is_none(letter: Folder, data: bytes) -> None:
    letter.write("post.md", data)
    assert "post.md" in refused(letter, "send", "post.md", "--list", "subs.csv")


def test_a_post_that_is_a_folder(letter: Folder) -> None:
    (letter.path / "folder.md").mkdir()
    assert "folder.md" in refused(letter, "send", "folder.md", "--list", "subs.csv")


def test_a_paid_post_and_a_list_without_tiers(letter: Folder) -> None:
    letter.write("post.md", letter.read("post.md").replace("post_id", "audience: only_paid\npost_id"))
    assert "paid" in refused(letter, "send", "post.md", "--list", "subs.csv")


def test_an_unknown_audience_is_refused_with_its_line(letter: Folder) -> None:
    letter.write("post.md", letter.read("post.md").replace("post_id", "audience: friends\npost_id"))
    assert "post.md:5" in refused(letter, "send", "post.md", "--list", "subs.csv")


def test_a_server_without_starttls_is_not_trusted(letter: Folder) -> None:
    letter.write("newsletter.toml", letter.read("newsletter.toml").replace('"none"', '"starttls"'))
    assert "STARTTLS" in refused(letter, "send", "post.md", "--list", "subs.csv", code=75)


def test_a_row_without_a_merge_field_stops_everything(letter: Folder) -> None:
    letter.write(
        "post.md", letter.read("post.md").replace("post_id", "merge: true\npost_id") + "Dear {{ first_name }}\n"
    )
    letter.write("subs.csv", letter.read("subs.csv") + "nameless@example.net,\n")
    assert "subs.csv:7" in refused(letter, "send", "post.md", "--list", "subs.csv")
    letter.write("post.md", letter.read("post.md").replace("first_name }}", 'first_name or "friend" }}'))
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    texts = [letter.text(mail) for mail in letter.mails]
    assert any("Dear friend" in text for text in texts)
    assert any("Dear Reader 3" in text for text in texts)


def test_template_code_in_a_post_stays_text(letter: Folder) -> None:
    letter.write("post.md", letter.read("post.md") + "\nIt is {{ 7*7 }} and {% raw %}.\n")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert all("{{ 7*7 }}" in letter.text(mail) for mail in letter.mails)


def test_a_missing_image_is_refused_with_its_line(letter: Folder) -> None:
    letter.write("post.md", letter.read("post.md") + "\n![A picture](images/none.png)\n")
    assert "post.md:9" in refused(letter, "send", "post.md", "--list", "subs.csv")


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """What belongs to the caller's user can be read, and not written. Root stops being root for a while."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to stop being root: a user may always write its own files")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def readable(letter: Folder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """A folder in which something was sent (so that everything is imported), that others may read.

    It lies outside of pytest's own folder, which any pytest that starts meanwhile closes to others.
    """
    letter.write("other.md", "---\ntitle: Other\n---\nOther.\n")
    assert letter("send", "other.md", "--list", "subs.csv").code == 0
    assert letter.inbox is not None
    letter.inbox.mails.clear()
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        moved = replace(letter, path=Path(shutil.copytree(letter.path, Path(place) / "letter")))
        moved.path.chmod(0o755)
        monkeypatch.setenv("HOME", place)
        monkeypatch.setenv("XDG_CONFIG_HOME", place)
        monkeypatch.chdir(moved.path)
        yield moved
        monkeypatch.chdir(letter.path)


def test_a_ledger_that_cannot_be_written_is_refused_before_the_first_mail(readable: Folder) -> None:
    for path in [readable.path / ".newsletter", *(readable.path / ".newsletter").iterdir()]:
        path.chmod(0o755)
    with as_somebody_else():
        ran = readable("send", "post.md", "--list", "subs.csv")
    assert ran.code == 3, ran.err
    assert ".newsletter" in ran.err
    assert readable.mails == []


def test_a_post_that_cannot_be_stamped_is_refused_before_the_first_mail(readable: Folder) -> None:
    shutil.chown(readable.path / ".newsletter", 65534)
    for path in (readable.path / ".newsletter").iterdir():
        shutil.chown(path, 65534)
    with as_somebody_else():
        ran = readable("send", "post.md", "--list", "subs.csv")
    assert ran.code == 3, ran.err
    assert "post.md" in ran.err
    assert readable.mails == []


def test_wrong_usage_is_2(letter: Folder) -> None:
    assert letter("send").code == 2
    assert letter("send", "post.md", "--no-such-option").code == 2
    assert letter("send", "post.md", "--list", "subs.csv", "--resend").code == 2
    assert letter("send", "post.md", "--list", "subs.csv", "--expect", "many").code == 2
    assert letter("preview", "post.md", "-o", "x.unknown").code == 2
