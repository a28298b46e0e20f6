"""--json where a command ends with an error: the same on standard output, for the machine that reads there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli.cli.escaped import wants_json

if TYPE_CHECKING:
    from tests.cli.folder import Folder


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("send none.md --list subs.csv", 3, "none.md: the post is not there"),
        ("send none.md --list subs.csv --dry-run", 3, "none.md: the post is not there"),
        ("send none.md --list subs.csv --test me@example.com", 3, "none.md: the post is not there"),
        ("send post.md --list subs.csv --expect 7", 3, "7"),
        ("send post.md --list none.csv", 3, "none.csv: the list is not there"),
        ("send post.md --list subs.csv --resend", 2, "--resend goes with --to ADDRESS"),
        ("list check none.csv", 3, "none.csv: the list is not there"),
        ("diff none.md", 3, "none.md: the post is not there"),
        ("run nowhere", 3, "nowhere: there is no such folder"),
        ("bounces nowhere", 3, "nowhere"),
    ],
)
def test_what_ends_a_command_stands_on_standard_output_too(letter: Folder, command: str, code: int, said: str) -> None:
    plain = letter(*command.split())
    assert (plain.code, plain.out) == (code, "")
    ran = letter(*command.split(), "--json")
    assert ran.code == code
    assert ran.err == plain.err
    told = ran.json
    assert (told["version"], told["exit_code"]) == (1, code)
    assert said in told["messages"][0]
    assert plain.err.splitlines() == [f"error: {message}" for message in told["messages"]]
    assert [problem["severity"] for problem in told["problems"]] == ["error"] * len(told["messages"])
    assert set(told["problems"][0]) == {"severity", "code", "file", "line", "text", "hint"}


def test_every_mistake_is_told_with_its_place(letter: Folder) -> None:
    letter.write("post.md", letter.read("post.md").replace("2024-01-02", "someday"))
    told = letter("send", "post.md", "--list", "none.csv", "--json").json
    places = {(problem["file"], problem["line"]) for problem in told["problems"]}
    assert ("post.md", 4) in places


def test_what_is_to_be_done_later_is_told_as_well(letter: Folder) -> None:
    assert letter.inbox is not None
    letter.write("newsletter.toml", letter.read("newsletter.toml").replace(str(letter.inbox.port), "1"))
    ran = letter("send", "post.md", "--list", "subs.csv", "--json")
    assert (ran.code, ran.json["exit_code"], ran.json["version"]) == (75, 75, 1)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("status --json", True),
        ("check a.md --format json", True),
        ("check a.md --format=json", True),
        ("check a.md --format text", False),
        ("status", False),
        ("why -- --json", False),
    ],
)
def test_what_asks_for_json(line: str, wanted: bool) -> None:
    assert wants_json(line.split()) is wanted
