"""Posts of one body: another post is mailed, a rename is not mailed again, a copy is refused (interface, promise 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.folder import Folder

BODY = "The call is on Friday, same link.\n"


def week(title: str = "Week 23", date: str = "2024-06-03", more: str = "") -> str:
    return f"---\ntitle: {title}\ndate: {date}\n{more}---\n{BODY}"


@pytest.fixture
def sent(letter: Folder) -> Folder:
    """A folder from which week 23 was sent to five, and its post put back by git."""
    (letter.path / "post.md").unlink()
    letter.write("posts/w23.md", week())
    assert letter("send", "posts/w23.md", "--list", "subs.csv").code == 0
    letter.write("posts/w23.md", week())
    return letter


def test_another_post_with_the_same_body_is_mailed(sent: Folder) -> None:
    sent.write("posts/w24.md", week("Week 24", "2024-06-10"))
    ran = sent("send", "posts/w24.md", "--list", "subs.csv")
    assert (ran.code, len(sent.mailed)) == (0, 10), ran.err
    again = sent("send", "posts/w24.md", "--list", "subs.csv")
    assert (again.code, len(sent.mailed)) == (0, 10)
    assert sent("send", "posts/w23.md", "--list", "subs.csv").code == 0
    assert len(sent.mailed) == 10


@pytest.mark.parametrize("head", [week(), week(title="The call"), week(date="2024-06-04")])
def test_a_rename_is_the_same_post(sent: Folder, head: str) -> None:
    (sent.path / "posts/w23.md").unlink()
    sent.write("posts/call.md", head)
    ran = sent("send", "posts/call.md", "--list", "subs.csv")
    assert (ran.code, len(sent.mailed)) == (0, 5)
    assert "already sent" in ran.out


def test_a_rename_whose_old_path_holds_another_post_is_the_same_post(sent: Folder) -> None:
    sent.write("posts/call.md", week())
    sent.write("posts/w23.md", week("New", "2025-01-01").replace("Friday", "Monday"))
    assert sent("send", "posts/call.md", "--list", "subs.csv").code == 0
    assert len(sent.mailed) == 5


@pytest.mark.parametrize("head", [week(), week(title="Week 24"), week(date="2024-06-10"), week(more="post_id: 9.x\n")])
def test_a_copy_under_the_same_title_or_date_is_refused_naming_both(sent: Folder, head: str) -> None:
    sent.write("posts/w24.md", head)
    for command in (["send", "posts/w24.md"], ["run", "posts"], ["send", "posts/w24.md", "--dry-run"]):
        refused = sent(*command, "--list", "subs.csv")
        assert refused.code == 3, (command, refused)
        assert "w24.md" in refused.err
        assert "w23.md" in refused.err
    assert len(sent.mailed) == 5
    assert sent.read("posts/w24.md") == head


def test_a_copy_that_says_it_was_sent_is_left_alone(sent: Folder) -> None:
    sent.write("posts/w24.md", week(more="email_sent_at: 2024-06-10T09:00:00.000Z\n"))
    assert sent("run", "posts", "--list", "subs.csv").code == 0
    assert sent("send", "posts/w24.md", "--list", "subs.csv", "--again").code == 3
    assert len(sent.mailed) == 5
