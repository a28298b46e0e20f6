"""Which post and which newsletter it is, whatever is renamed, moved or put back: nobody gets a post twice."""

from __future__ import annotations

import pytest

from newsletter_cli.jobs.workspace import Workspace
from tests.cli.folder import ALL, POST, SENT_LINE, Folder


def test_git_reset_is_no_second_mail(letter: Folder) -> None:
    before = letter.read("post.md")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    letter.write("post.md", before)
    again = letter("send", "post.md", "--list", "subs.csv")
    assert again.code == 0
    assert len(letter.mailed) == 5
    assert SENT_LINE.search(letter.read("post.md"))


def test_a_renamed_and_retitled_post_is_the_same_post(letter: Folder) -> None:
    text = letter.read("post.md")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    (letter.path / "post.md").unlink()
    letter.write("renamed.md", text.replace("Hello, readers", "Another title"))
    assert letter("send", "renamed.md", "--list", "subs.csv").code == 0
    assert len(letter.mailed) == 5


def test_one_post_id_in_two_files_is_refused_naming_both(letter: Folder) -> None:
    letter.write("copy.md", letter.read("post.md"))
    refused = letter("send", "post.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "copy.md" in refused.err
    assert "post.md" in refused.err
    assert letter.mailed == []


def test_a_sent_path_that_holds_another_post_is_refused(letter: Folder) -> None:
    letter.write("plain.md", "---\ntitle: One\ndate: 2024-01-01\n---\nThe first.\n")
    assert letter("send", "plain.md", "--list", "subs.csv").code == 0
    letter.write("plain.md", "---\ntitle: Two\ndate: 2024-02-01\n---\nQuite another.\n")
    refused = letter("send", "plain.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "One" in refused.err
    assert len(letter.mailed) == 5


def test_a_new_name_is_no_new_newsletter(letter: Folder) -> None:
    """Where no id is set it is made of the name, and fixed by the first mail: List-Id, unsubscribes, who has had it."""
    post = letter.read("post.md")
    unnamed = letter.read("newsletter.toml").replace('id = "letter"\n', "")
    renamed = unnamed.replace('name = "The Letter"', 'name = "New Name"')
    letter.write("newsletter.toml", unnamed)
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    letter.write("newsletter.toml", renamed)
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    letter.write("post.md", post)  # git reset --hard
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter("check", "post.md").code == 0
    assert letter.mailed == ALL
    assert {str(mail["List-Id"]).partition("<")[2] for mail in letter.mails} == {"the-letter.example.com>"}
    assert letter("status", "--json").json["sent"] == 5


@pytest.mark.parametrize("limit", [["--limit", "2"], []], ids=["begun", "sent"])
def test_another_id_does_not_mail_a_post_again(letter: Folder, limit: list[str]) -> None:
    post, settings = letter.read("post.md"), letter.read("newsletter.toml")
    letter("send", "post.md", "--list", "subs.csv", *limit)
    had = letter.mailed
    letter.write("post.md", post)  # git reset --hard
    letter.write("newsletter.toml", settings.replace('id = "letter"', 'id = "other"'))
    refused = letter("send", "post.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "mailed as one of the newsletter 'letter'" in refused.err
    assert letter("run", ".", "--list", "subs.csv", "--json").code in {0, 3}
    assert letter.mailed == had
    letter.write("newsletter.toml", settings)
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ALL


def test_before_the_first_mail_a_new_name_gives_a_new_id(letter: Folder) -> None:
    assert letter.inbox is not None
    unnamed = letter.read("newsletter.toml").replace('id = "letter"\n', "")
    letter.write("newsletter.toml", unnamed.replace(f"port = {letter.inbox.port}", "port = 1"))
    assert letter("send", "post.md", "--list", "subs.csv").code == 75
    letter.write("newsletter.toml", unnamed.replace('name = "The Letter"', 'name = "New Name"'))
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert {str(mail["List-Id"]).partition("<")[2] for mail in letter.mails} == {"new-name.example.com>"}


@pytest.mark.parametrize("with_id", [True, False])
def test_another_post_in_the_place_of_one_that_nobody_got_is_a_new_one(letter: Folder, *, with_id: bool) -> None:
    assert letter.inbox is not None
    one = letter.read("post.md") if with_id else letter.read("post.md").replace("post_id: 1001.hello\n", "")
    other = one.replace("1001.hello", "2002.other").replace("Hello, readers", "Another").replace("2024", "2023")
    other = other.replace("first letter", "second one")
    settings = letter.read("newsletter.toml")
    letter.write("newsletter.toml", settings.replace(f"port = {letter.inbox.port}", "port = 1"))
    letter.write("post.md", one)
    assert letter("send", "post.md", "--list", "subs.csv").code == 75
    letter.write("newsletter.toml", settings)
    letter.write("post.md", other)
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert {mail["Subject"] for mail in letter.mails} == {"Another"}
    assert letter.mailed == ALL
    # The first one was not mailed, and can be.
    letter.write("one.md", one)
    assert letter("send", "one.md", "--list", "subs.csv").code == 0
    assert letter.mailed == sorted([*ALL, *ALL])
    assert len({mail["Message-ID"] for mail in letter.mails}) == 10
    for name in ("post.md", "one.md"):
        assert letter("send", name, "--list", "subs.csv").code == 0
    assert len(letter.mails) == 10


def test_one_post_id_in_two_folders_is_refused_naming_both(letter: Folder) -> None:
    letter.write("posts/2024/first.md", letter.read("post.md"))
    refused = letter("send", "post.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "first.md" in refused.err
    assert letter.mailed == []


def test_two_unnamed_newsletters_in_one_ledger_keep_their_own_ids(letter: Folder) -> None:
    unnamed = letter.read("newsletter.toml").replace('id = "letter"\n', "")
    letter.write("newsletter.toml", unnamed)
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    ledger = (letter.path / ".newsletter" / "ledger.sqlite3").as_posix()
    other = unnamed.replace('name = "The Letter"', 'name = "Other"')
    letter.write("other/newsletter.toml", f'{other}\n[ledger]\nurl = "sqlite:///{ledger}"\n')
    letter.write("other/.newsletter/keys", letter.read(".newsletter/keys"))
    letter.write("other/hello.md", POST.replace("1001.hello", "7.other").replace("first", "other"))
    sent = letter("send", "other/hello.md", "--list", "subs.csv")
    assert sent.code == 0, sent.err
    ids = [str(mail["List-Id"]).partition("<")[2] for mail in letter.mails]
    assert sorted(ids) == ["other.example.com>"] * 5 + ["the-letter.example.com>"] * 5


def test_an_id_that_can_be_read_only_now_mails_nobody(letter: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    unnamed = letter.read("newsletter.toml").replace('id = "letter"\n', "")
    letter.write("newsletter.toml", unnamed)
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    letter.write("newsletter.toml", unnamed.replace('name = "The Letter"', 'name = "New Name"'))
    letter.write("next.md", "---\ntitle: Next\n---\nNext.\n")
    with monkeypatch.context() as away:
        away.setattr(Workspace, "as_mailed", lambda self: self)  # the ledger was busy for a moment
        assert letter("suppress", "add", "no@example.net").code == 0
        assert letter("adopt", "next.md").code == 75
        refused = letter("send", "next.md", "--list", "subs.csv")
    assert (refused.code, letter.mailed) == (75, ALL)
    assert letter("send", "next.md", "--list", "subs.csv").code == 0
    assert {str(mail["List-Id"]).partition("<")[2] for mail in letter.mails} == {"the-letter.example.com>"}
