"""`--log FILE` that cannot be written, and what may never stand in a log or a `--debug` transcript."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_full_disk import fill_up, mounted
from tests.cli.test_server_answers import prepare
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.folder import Folder, Ran

SEND = ("send", "post.md", "--list", "subs.csv")
SECRET = "correct horse battery"
PEOPLE = 60


def lines(log: Path) -> list[str]:
    """The events of a log, each line of which must be an object."""
    return [json.loads(line)["event"] for line in log.read_text().splitlines()]


def test_a_log_whose_disk_fills_up_stops_no_mail(bare: Folder) -> None:
    with ScriptedServer() as server, mounted(bare.path / "logs", "64k") as disk:
        prepare(bare, server.port, people=PEOPLE)
        log = disk / "log.jsonl"
        log.write_text('{"event": "an older one"}\n')
        fill_up(disk)
        # Room for some lines, and a part of one: a page of 4096 octets begins with the older line.
        ran = bare(*SEND, "--log", "logs/log.jsonl")
        assert ran.code == 0, ran.err
        assert len(server.accepted) == PEOPLE
        assert ran.err.count("logs/log.jsonl: the log cannot be written any more: No space left on device") == 1
        assert log.stat().st_size == 4096
        (disk / "filler").unlink()
        # The next run finds a line without an end, and does not go on in it.
        bare.write("next.md", "---\ntitle: Next\npost_id: 9.next\n---\nNext.\n")
        assert bare("send", "next.md", "--list", "subs.csv", "--log", "logs/log.jsonl").code == 0
        broken = log.read_text()[:4096].rpartition("\n")[2]
        log.write_text(log.read_text().replace(f"\n{broken}\n", "\n"))
        told = lines(log)
    assert told[0] == "an older one"
    assert 0 < told.count("sent") - PEOPLE < PEOPLE


def test_a_log_that_takes_nothing_stops_no_mail(bare: Folder) -> None:
    with ScriptedServer() as server:
        prepare(bare, server.port)
        ran = bare(*SEND, "--log", "/dev/full")
        assert (ran.code, len(server.accepted)) == (0, 5)
        assert ran.err.count("/dev/full: the log cannot be written any more") == 1


@pytest.mark.parametrize("log", ["nowhere/log.jsonl", "."])
def test_a_log_that_cannot_be_opened_is_a_refusal(bare: Folder, log: str) -> None:
    with ScriptedServer() as server:
        prepare(bare, server.port)
        ran = bare(*SEND, "--log", log)
        assert (ran.code, server.connections) == (3, 0)
        assert "the log cannot be written" in ran.err
        assert not (bare.path / ".newsletter").exists()


LOGINS = {
    "PLAIN": 'password_command = ["echo", "{secret}"]\nauth = "plain"\n',
    "LOGIN": 'password_command = ["echo", "{secret}"]\nauth = "login"\n',
    "XOAUTH2": 'token_command = ["echo", "{secret}"]\nauth = "xoauth2"\n',
}
# The report of a held campaign goes to a program of the person's.
HOOK = '[hooks]\non_problem = ["sh", "-c", "cat > told"]\n'


def shown(secret: str) -> set[str]:
    """The secret in every form in which it is on the wire."""
    wire = (secret, f"\0letter\0{secret}", f"user=letter\x01auth=Bearer {secret}\x01\x01")
    return {secret, *(base64.b64encode(form.encode()).decode() for form in wire)}


@pytest.mark.parametrize("repeats", [False, True], ids=["silent", "repeats what it was told"])
@pytest.mark.parametrize("good", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("method", LOGINS)
def test_no_secret_stands_in_a_transcript_a_log_or_a_report(
    bare: Folder, method: str, *, good: bool, repeats: bool
) -> None:
    code = "235 2.7.0" if good else "535 5.7.8"
    rules = [Rule("AUTH", f"{code} you said {' or '.join(sorted(shown(SECRET)))}")] if repeats else []
    with ScriptedServer(rules, auth=method, logins={"letter": SECRET if good else "another"}) as server:
        prepare(bare, server.port, more='username = "letter"\n' + LOGINS[method].format(secret=SECRET) + HOOK)
        ran = bare(*SEND, "--debug", "--json", "--log", "log.jsonl")
        assert ran.code == (0 if good else 75), ran.err
        assert len(server.accepted) == (5 if good else 0)
        assert f"C: AUTH {method} ***" in ran.err
        assert ("C: MAIL FROM" in ran.err) == good
        assert (bare.path / "told").exists() != good
        _holds_no_secret(bare, ran)


def _holds_no_secret(bare: Folder, ran: Ran) -> None:
    again = bare("status", "--json")
    kept = [path.read_bytes() for path in bare.path.rglob("*") if path.is_file() and path.name != "newsletter.toml"]
    assert len(kept) >= 5
    for form in shown(SECRET):
        for text in (ran.out, ran.err, again.out, again.err):
            assert form not in text
        assert not [one for one in kept if form.encode() in one]


def test_the_log_is_json_without_addresses(bare: Folder) -> None:
    with ScriptedServer() as server:
        prepare(bare, server.port)
        assert bare(*SEND, "--log", "log.jsonl").code == 0
        objects = [json.loads(line) for line in bare.read("log.jsonl").splitlines()]
        sent = [one for one in objects if one["event"] == "sent"]
        assert len(sent) == 5
        assert len({one["recipient"] for one in sent}) == 5
        keys = {"time", "event", "newsletter", "campaign", "recipient", "domain", "stage", "code", "wait_until"}
        assert all(keys <= set(one) for one in sent)
        assert "@" not in bare.read("log.jsonl")
