"""The user's own commands get the report, and never undo what was done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.folder import POST, SETTINGS
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder

HOOKS = """
[hooks]
on_sent = ["sh", "-c", "cat > sent.json"]
on_problem = ["sh", "-c", "cat > problem.json"]
"""


def test_on_sent_gets_the_report_once(letter: Folder) -> None:
    letter.write("newsletter.toml", letter.read("newsletter.toml") + HOOKS)
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    assert not (letter.path / "sent.json").exists()
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    report = json.loads(letter.read("sent.json"))
    assert (report["version"], report["sent"], report["left"]) == (1, 5, 0)
    (letter.path / "sent.json").unlink()
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert not (letter.path / "sent.json").exists()


def test_a_hook_that_fails_is_a_warning(letter: Folder) -> None:
    letter.write(
        "newsletter.toml", letter.read("newsletter.toml") + '[hooks]\non_sent = ["sh", "-c", "echo no; exit 9"]\n'
    )
    ran = letter("send", "post.md", "--list", "subs.csv")
    assert ran.code == 0
    assert "on_sent" in ran.err
    assert len(letter.mails) == 5


def test_on_problem_hears_of_a_refused_login_and_run_does_not_try_again(bare: Folder) -> None:
    with ScriptedServer(auth="PLAIN", logins={"letter": "right"}) as server:
        settings = SETTINGS.format(port=server.port) + 'username = "letter"\npassword_command = ["echo", "wrong"]\n'
        bare.write("newsletter.toml", settings + HOOKS)
        bare.write("post.md", POST)
        bare.write("subs.csv", "email\na@example.net\nb@example.net\n")
        first = bare("send", "post.md", "--list", "subs.csv")
        assert first.code == 75
        assert "wrong" not in first.err
        report = json.loads(bare.read("problem.json"))
        assert report["held"]
        assert report["failed"] == 0
        tried = server.connections
        assert bare("run", ".", "--list", "subs.csv").code == 0
        assert server.connections == tried
        bare.write("newsletter.toml", settings.replace("wrong", "right"))
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert sorted(server.accepted) == ["a@example.net", "b@example.net"]


def test_on_problem_hears_of_an_unknown_fate(bare: Folder) -> None:
    with ScriptedServer([Rule("dot", say="", drop=True, address="b@")]) as server:
        bare.write("newsletter.toml", SETTINGS.format(port=server.port) + HOOKS)
        bare.write("post.md", POST)
        bare.write("subs.csv", "email\na@example.net\nb@example.net\nc@example.net\n")
        ran = bare("send", "post.md", "--list", "subs.csv")
        assert ran.code == 4
        assert "b@example.net" in ran.err
        assert "subs.csv:3" in ran.err
        assert json.loads(bare.read("problem.json"))["unknown"] == 1
        again = bare("send", "post.md", "--list", "subs.csv")
        assert again.code == 0
        server.rules.clear()
        assert bare("send", "post.md", "--list", "subs.csv", "--resend-unknown").code == 0
        same = [mail for mail in server.mails if mail.rcpt_to == "b@example.net"]
        ids = {line for mail in same for line in mail.data.split(b"\r\n") if line.startswith(b"Message-ID:")}
        assert len(ids) == 1
        assert bare("status", "post.md", "--json").json["unknown"] == 0
