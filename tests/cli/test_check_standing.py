"""`check` also says what record and folder have against a send, and contradicts no `send`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import POST

if TYPE_CHECKING:
    from tests.cli.folder import Folder

CHECK = ("check", "post.md", "--list", "subs.csv")
SEND = ("send", "post.md", "--list", "subs.csv")


def agrees(letter: Folder, said: str) -> None:
    """Both refuse it, with the same words; and `check` leaves no trace."""
    before = letter.tree()
    checked = letter(*CHECK)
    assert {name: letter.tree().get(name) for name in before} == before
    sent = letter(*SEND)
    assert (checked.code, sent.code) == (3, 3)
    assert said in checked.out
    assert said.removeprefix("error: ") in sent.err
    assert checked.out.splitlines()[-1] == "post.md: `send` would refuse it"


def test_another_post_with_its_id(letter: Folder) -> None:
    letter.write("copy.md", POST.replace("Hello", "Bye"))
    agrees(letter, "post.md:5: post_id 1001.hello stands in copy.md too")


def test_an_edit_after_the_first_mails(letter: Folder) -> None:
    assert letter(*SEND, "--limit", "2").code == 75
    assert letter(*CHECK).code == 0
    letter.write("post.md", letter.read("post.md") + "One more word.\n")
    agrees(letter, "the post was edited after its first mails went out")


def test_a_copy_of_a_post_that_was_sent(letter: Folder) -> None:
    bare = POST.replace("post_id: 1001.hello\n", "")
    letter.write("was.md", bare)
    assert letter("send", "was.md", "--list", "subs.csv").code == 0
    letter.write("post.md", bare.replace("Hello", "Bye"))
    agrees(letter, "has the same body")


def test_a_post_begun_with_another_ledger(letter: Folder) -> None:
    letter.write("was.md", "---\ntitle: Before\n---\nThe letter before.\n")
    assert letter("send", "was.md", "--list", "subs.csv").code == 0
    line = "email_started_at: 2024-01-02T09:00:00.000Z zzzzzzzz"
    letter.write("post.md", POST.replace("post_id", f"{line}\npost_id"))
    agrees(letter, "recorded in another ledger than this one")


@pytest.mark.parametrize("line", ["draft: true", "type: page", "date: 2999-01-01"])
def test_what_is_not_to_go_out_yet_is_no_fault(letter: Folder, line: str) -> None:
    letter.write("post.md", POST.replace("date: 2024-01-02", line))
    ran = letter(*CHECK)
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "post.md: nothing else stops a send"
    assert letter(*SEND).code == 3


def test_what_is_settled_and_not_stamped_is_said(letter: Folder) -> None:
    assert letter(*SEND).code == 0
    letter.write("post.md", POST)
    ran = letter(*CHECK)
    assert ran.code == 0
    assert "note: post.md: already sent at " in ran.out


def test_a_segment_that_cannot_be_read_is_told_once_with_its_line(letter: Folder) -> None:
    letter.write("post.md", POST.replace("post_id", 'segment: "plan ="\npost_id'))
    agrees(letter, "error: post.md:5: segment 'plan =': a value is missing")
    assert letter(*CHECK).out.count("segment 'plan ='") == 1
