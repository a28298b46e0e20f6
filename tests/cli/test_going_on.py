"""Going on with what was begun: the same command does it, and a no or a refusal changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli.cli.terminal import Terminal
from tests.cli.folder import POST, SETTINGS
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder

SEND = ("send", "post.md", "--list", "subs.csv")


def begun(letter: Folder) -> None:
    assert letter(*SEND, "--limit", "2", "--expect", "5").code == 75


def waiting(letter: Folder) -> tuple[int, int]:
    found = letter("status", "post.md", "--json").json
    return found["left"], found["withdrawn"]


@pytest.mark.parametrize("number", ["5", "3"])
def test_the_command_that_began_it_goes_on_with_it(letter: Folder, number: str) -> None:
    begun(letter)
    assert letter(*SEND, "--expect", number).code == 0
    assert letter.mailed == [f"reader{n}@example.net" for n in range(1, 6)]


def test_a_refusal_withdraws_nobody(letter: Folder) -> None:
    begun(letter)
    letter.write("subs.csv", "email\n" + "".join(f"reader{n}@example.net\n" for n in range(1, 5)))
    # One of three is more than 30 %.
    assert letter(*SEND).code == 3
    assert waiting(letter) == (3, 0)


def test_another_number_than_expected_withdraws_nobody(letter: Folder) -> None:
    letter.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(12)))
    assert letter(*SEND, "--limit", "2").code == 75
    letter.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(11)))
    ran = letter(*SEND, "--expect", "40")
    assert ran.code == 3
    assert "9 would be mailed, and 40 were expected" in ran.err
    assert waiting(letter) == (10, 0)


def test_a_no_withdraws_nobody(letter: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    letter.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(12)))
    assert letter(*SEND, "--limit", "2").code == 75
    letter.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(11)))
    asked = []
    with monkeypatch.context() as patch:
        patch.setattr(Terminal, "confirm", lambda _self, question, **_: asked.append(question))
        assert letter(*SEND).code == 3
    assert asked == ["post.md: 9 still wait for it. Go on?"]
    assert waiting(letter) == (10, 0)
    assert letter(*SEND).code == 0
    assert waiting(letter) == (0, 1)


def test_an_accepted_edit_that_asks_for_what_a_row_lacks_is_refused_and_not_kept(letter: Folder) -> None:
    begun(letter)
    sound = letter.read("post.md")
    edited = sound.replace("post_id", "merge: true\npost_id").replace("It\\'s", "Dear {{ nope }}, it\\'s")
    letter.write("post.md", edited)
    ran = letter(*SEND, "--accept-edit")
    assert ran.code == 3
    assert "subs.csv:4: the row of reader3@example.net has no nope" in ran.err
    letter.write("post.md", sound)
    assert letter(*SEND).code == 0


def test_an_accepted_edit_gets_the_fields_that_were_not_kept(letter: Folder) -> None:
    begun(letter)
    text = letter.read("post.md").replace("post_id", "merge: true\npost_id")
    letter.write("post.md", text.replace("It\\'s", 'Dear {{ first_name or "friend" }}, it\\\'s'))
    assert letter(*SEND, "--accept-edit").code == 0
    assert [("Dear Reader" in letter.text(mail)) for mail in letter.mails] == [False, False, True, True, True]


@pytest.mark.parametrize("line", ["draft: true", "type: page", "email: false"])
def test_a_post_made_a_draft_midway_goes_no_further(letter: Folder, line: str) -> None:
    begun(letter)
    sound = letter.read("post.md")
    letter.write("post.md", sound.replace("post_id", f"{line}\npost_id"))
    for more in ((), ("--accept-edit",), ("--again",), ("--to", "reader5@example.net")):
        ran = letter(*SEND, *more)
        assert ran.code == 3
        assert line in ran.err
    ran = letter("run", "--list", "subs.csv")
    assert ran.code == 0
    assert "post.md: not sent: " in ran.out
    assert len(letter.mails) == 2
    letter.write("post.md", sound)
    assert letter(*SEND).code == 0


def test_who_failed_and_left_the_list_is_no_reason_to_refuse_halfway(bare: Folder) -> None:
    bare.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(6)))
    with ScriptedServer([Rule("RCPT", say="554 5.6.0 odd content", address="r[01]@")]) as server:
        bare.write("newsletter.toml", SETTINGS.format(port=server.port))
        bare.write("post.md", POST)
        assert bare(*SEND, "--limit", "5").code == 75
        server.rules.clear()
        bare.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(1, 6)))
        # Of the three who wait then, the one who left is more than 30 %; of those who waited before nobody left.
        assert bare(*SEND, "--retry-failed").code == 0
        assert sorted(server.accepted) == [f"r{n}@example.net" for n in range(1, 6)]
    assert waiting(bare) == (0, 1)
