"""Going on with what was begun: the same command does it, and a no or a refusal changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli.cli.terminal import Terminal

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
