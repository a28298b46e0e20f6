"""`send --to ADDRESS`: one person of the list alone, recorded."""

from __future__ import annotations

from tests.cli.folder import ALL, Folder


def test_one_person_alone_then_the_others(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--to", "reader3@example.net").code == 0
    assert letter.mailed == ["reader3@example.net"]
    assert "email_sent_at" not in letter.read("post.md")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ALL


def test_one_person_who_is_not_on_the_list_is_refused(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--to", "who@example.net").code == 3
    assert letter.mailed == []


def test_resend_to_one_person_keeps_the_message_id(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter("send", "post.md", "--list", "subs.csv", "--to", "reader1@example.net").code == 0
    assert len(letter.mailed) == 5
    assert letter("send", "post.md", "--list", "subs.csv", "--to", "reader1@example.net", "--resend").code == 0
    twice = [mail["Message-ID"] for mail in letter.mails if mail["To"] == "reader1@example.net"]
    assert len(letter.mails) == 6
    assert len(set(twice)) == 1
    assert len(twice) == 2


def test_one_person_on_a_paused_campaign_lets_nobody_else_go(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    assert letter("pause", "post.md").code == 0
    had = letter.mailed
    waiting = next(one for one in ALL if one not in had)
    refused = letter("send", "post.md", "--list", "subs.csv", "--to", waiting)
    assert refused.code == 3
    assert "resume" in refused.err
    assert letter("status", "post.md", "--json").json["state"] == "paused"
    assert letter.mailed == had


def test_one_person_after_another_before_the_post_is_begun(letter: Folder) -> None:
    for reader in (ALL[0], ALL[2]):
        assert letter("send", "post.md", "--list", "subs.csv", "--to", reader).code == 0
    again = letter("send", "post.md", "--list", "subs.csv", "--to", ALL[0])
    assert again.code == 0
    assert "before" in again.out
    assert letter.mailed == [ALL[0], ALL[2]]
    assert letter("send", "post.md", "--list", "subs.csv", "--to", ALL[0], "--resend").code == 0
    assert letter.mailed == [ALL[0], ALL[0], ALL[2]]
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == [ALL[0], *ALL]


def test_one_person_who_is_suppressed_or_was_added_since(letter: Folder) -> None:
    assert letter("suppress", "add", ALL[1]).code == 0
    refused = letter("send", "post.md", "--list", "subs.csv", "--to", ALL[1])
    assert refused.code == 3
    assert "suppressed" in refused.err
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "1").code == 75
    had = letter.mailed
    assert letter("send", "post.md", "--list", "subs.csv", "--to", had[0]).code == 0
    assert letter.mailed == had
    letter.write("subs.csv", letter.read("subs.csv") + "late@example.net,Late\n")
    assert letter("send", "post.md", "--list", "subs.csv", "--to", "late@example.net").code == 0
    assert letter.mailed == sorted([*had, "late@example.net"])


def test_staging_of_one_person_and_of_what_needs_a_record(letter: Folder) -> None:
    settings = letter.read("newsletter.toml")
    letter.write("newsletter.toml", settings.replace("timezone", 'redirect_all_to = "stage@example.org"\ntimezone'))
    assert letter("send", "post.md", "--list", "subs.csv", "--to", ALL[0]).code == 0
    assert letter.mailed == ["stage@example.org"]
    assert letter("send", "post.md", "--list", "subs.csv", "--again").code == 2
    assert len(letter.mailed) == 1
