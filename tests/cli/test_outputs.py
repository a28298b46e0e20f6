"""No result is written over a file of the person's own, and none is written in part."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.folder import Folder


@pytest.fixture
def full(letter: Folder) -> Folder:
    """A folder in which a post was sent, with one more post and everything that settings can name."""
    settings = letter.read("newsletter.toml").replace(
        "[smtp]", '[list]\nfiles = ["known.csv"]\n\n[unsubscribe]\nlog = "left.txt"\n\n[smtp]'
    )
    letter.write("newsletter.toml", settings)
    letter.write("left.txt", "")
    letter.write("known.csv", "email\na@example.net\n")
    letter.write("not.csv", "email\nb@example.net\n")
    letter.write("friends.csv", "email,name\nfriend@example.net,Ann\n")
    letter.write("sent.md", "---\ntitle: Other\n---\nOther.\n")
    assert letter("send", "sent.md", "--list", "known.csv").code == 0
    (letter.path / "link.html").symlink_to("post.md")
    (letter.path / "link.csv").symlink_to("subs.csv")
    return letter


@pytest.mark.parametrize(
    "command",
    [
        "preview post.md -o post.md --format html",
        "preview post.md -o link.html",
        "preview post.md -o sent.md --format eml",
        "preview post.md -o post.txt",
        "preview post.md -o subs.csv --format text",
        "preview post.md -o newsletter.toml --format text",
        "preview post.md -o .newsletter/ledger.sqlite3 --format eml",
        "preview post.md -o .newsletter/keys --format eml",
        "list convert subs.csv -o subs.csv",
        "list convert subs.csv -o link.csv",
        "list convert subs.csv -o known.csv",
        "list convert -o known.csv",
        "list convert subs.csv -o post.md",
        "status --failed-csv post.md",
        "status post.md --failed-csv link.html",
        "status --failed-csv subs.csv",
        "status --failed-csv left.txt",
        "ledger export subs.csv",
        "ledger export post.md",
        "ledger export .newsletter/ledger.sqlite3",
        "suppress export -o subs.csv",
        "suppress export -o post.md",
        "send post.md --list subs.csv --rejects subs.csv",
        "send post.md --list subs.csv --exclude not.csv --rejects not.csv",
        "send post.md --list subs.csv --rejects link.html",
        "send post.md --list subs.csv --rejects friends.csv",
        "send post.md --list subs.csv --dry-run --rejects subs.csv",
        "send post.md --list subs.csv --dry-run --rejects fresh.csv",
        "send post.md --list subs.csv --log post.md",
        "send post.md --list subs.csv --log subs.csv",
        "run --log sent.md",
        "run --log known.csv",
        "serve --log post.md",
    ],
)
def test_no_result_takes_the_place_of_a_file_that_is_read(full: Folder, command: str) -> None:
    before = full.tree()
    ran = full(*command.split())
    assert (ran.code, ran.out) == (2, ""), ran.err
    if "fresh.csv" not in command and "--dry-run" not in command:
        assert ran.err.startswith(f"error: {command.split()[-1 if '--format' not in command else -3]}: ")
        assert "name another file" in ran.err
    assert full.tree() == before
    assert len(full.mails) == 1


def test_the_list_on_standard_input_is_known_too(full: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.dup(0)
    with Path("subs.csv").open() as stream:
        os.dup2(stream.fileno(), 0)
        try:
            monkeypatch.setattr("sys.stdin", stream)
            assert full("send", "post.md", "--list", "-", "--rejects", "subs.csv").code == 2
        finally:
            os.dup2(here, 0)
            os.close(here)


@pytest.mark.parametrize(
    "command",
    [
        "preview post.md -o out.html",
        "preview post.md -o out.eml",
        "list convert subs.csv -o out.csv",
        "status --failed-csv out.csv",
        "ledger export out.txt",
        "suppress export -o out.csv",
    ],
)
def test_what_was_written_before_is_written_again(full: Folder, command: str) -> None:
    assert full(*command.split()).code == 0
    first = full.tree()
    assert full(*command.split()).code == 0
    assert full.tree().keys() == first.keys()


def test_a_list_that_holds_something_else_is_replaced_only_by_force(full: Folder) -> None:
    ran = full("list", "convert", "subs.csv", "-o", "friends.csv")
    assert (ran.code, ran.out) == (2, "")
    assert full.read("friends.csv") == "email,name\nfriend@example.net,Ann\n"
    assert full("list", "convert", "subs.csv", "-o", "friends.csv", "--force").code == 0
    assert "reader1@example.net" in full.read("friends.csv")
    assert full("list", "convert", "subs.csv", "-o", "subs.csv", "--force").code == 2, "a list that is read never is"


def test_a_result_may_go_to_a_device(full: Folder) -> None:
    assert full("preview", "post.md", "-o", "/dev/null", "--format", "eml").code == 0
    assert Path("/dev/null").is_char_device()
    assert full("preview", "post.md", "-o", "/dev/full", "--format", "eml").code == 3


def test_a_result_that_cannot_be_written_whole_leaves_the_old_one(
    full: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    full.write("out.html", "old")

    def fails(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fails)
    ran = full("preview", "post.md", "-o", "out.html")
    assert (ran.code, ran.err) == (3, "error: out.html: it cannot be written: No space left on device\n")
    assert full.read("out.html") == "old"
    assert not [name for name in full.tree() if name.endswith(".tmp")]


def test_rejects_are_written_and_the_log_goes_on(full: Folder) -> None:
    full.write("subs.csv", full.read("subs.csv") + "nobody,N\n")
    ran = full("send", "post.md", "--list", "subs.csv", "--rejects", "out.csv", "--log", "log.jsonl")
    assert ran.code == 0, ran.err
    assert "nobody,N,7," in full.read("out.csv")
    full.write("next.md", "---\ntitle: Next\n---\nNext one.\n")
    assert full("send", "next.md", "--list", "subs.csv", "--rejects", "out.csv").code == 0, "and are written again"
    first = full.read("log.jsonl")
    assert full("run", "--log", "log.jsonl").code == 0
    assert full.read("log.jsonl").startswith(first)
