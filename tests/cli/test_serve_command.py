"""`newsletter serve`: links of real mails, a real ledger, also while a sender is at work."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from newsletter_cli import tokens
from tests.cli.folder import POST, SETTINGS
from tests.cli.serving import FORM, LINK, ONE_CLICK, serving
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.folder import Folder

WITH_DOOR = SETTINGS + '\n[unsubscribe]\nurl = "https://example.com/u/{{token}}"\n'


@pytest.fixture
def sent(letter: Folder) -> Folder:
    """A post that was mailed to five, with links to the server's door."""
    assert letter.inbox is not None
    letter.write("newsletter.toml", WITH_DOOR.format(port=letter.inbox.port))
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    return letter


def token_of(folder: Folder, address: str) -> str:
    mail = next(mail for mail in folder.mails if mail["To"].addresses[0].addr_spec == address)
    found = LINK.search(str(mail["List-Unsubscribe"]))
    assert found
    assert found[1] in folder.text(mail)
    return found[1]


def keys_of(folder: Folder) -> tokens.Keys:
    return tokens.Keys.parse(folder.read(".newsletter/keys"))


def test_the_link_of_a_mail_unsubscribes_for_good(sent: Folder) -> None:
    token = token_of(sent, "reader2@example.net")
    with serving(sent.path) as server:
        shown = server.ask("GET", f"/u/{token}")
        assert shown.status == 200
        assert "r…2@example.net" in shown.body
        assert "reader2" not in shown.body
        assert sent("suppress", "list").out == ""  # to look is not to leave
        assert server.ask("HEAD", f"/u/{token}").body == ""
        done = server.leave(token)
        assert done.status == 200
        assert "location" not in done.headers
        assert "set-cookie" not in done.headers
        assert "You are unsubscribed" in done.body
        first = sent("suppress", "list").out
        assert first.startswith("reader2@example.net\tunsubscribe\tnewsletter letter\tone-click\t")
        assert server.leave(token.upper()).status == 200  # used again, by a mail program that shouts
        assert sent("suppress", "list").out == first
        assert "You are unsubscribed" in server.ask("GET", f"/u/{token}").body
        log = server.log
    assert [entry.get("did") for entry in log if entry["method"] == "POST"] == ["unsubscribed", "unsubscribed before"]
    kept = (sent.path / "access.log").read_text()
    assert token not in kept.lower()
    assert "example.net" not in kept
    assert "127.0.0.1" not in kept
    sent.write("next.md", POST.replace("1001.hello", "1002.next").replace("first", "second"))
    before = len(sent.mailed)
    assert sent("send", "next.md", "--list", "subs.csv").code == 0
    assert "reader2@example.net" not in sent.mailed[before:]
    assert sent.mailed.count("reader2@example.net") == 1
    assert sent.mailed.count("reader1@example.net") == 2


def test_multipart_and_undo(sent: Folder) -> None:
    token = token_of(sent, "reader1@example.net")
    body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    with serving(sent.path) as server:
        done = server.ask("POST", f"/u/{token}", body, {"Content-Type": "multipart/form-data; boundary=x"})
        assert done.status == 200
        assert "reader1@example.net" in sent("suppress", "list").out
        back = server.ask("POST", f"/u/{token}", b"action=undo", ONE_CLICK)
        assert "You are subscribed again" in back.body
        assert sent("suppress", "list").out == ""
        assert server.ask("POST", f"/u/{token}", b"action=undo", ONE_CLICK).status == 200
        assert server.ask("POST", f"/u/{token}", b"something=else", ONE_CLICK).status == 400
        assert server.ask("POST", f"/u/{token}").status == 400
        assert sent("suppress", "list").out == ""
        # What somebody did by hand, no link takes back.
        sent("suppress", "add", "reader1@example.net")
        server.ask("POST", f"/u/{token}", b"action=undo", ONE_CLICK)
        assert "manual" in sent("suppress", "list").out


def bad_tokens(folder: Folder) -> dict[str, str]:
    keys, other = keys_of(folder), tokens.Keys.generate(bytes(range(64)))
    good = token_of(folder, "reader3@example.net")
    person = tokens.read(keys, good)
    return {
        "tampered at its head": ("b" if good[0] == "a" else "a") + good[1:],
        "tampered in the person": good[:10] + ("b" if good[10] == "a" else "a") + good[11:],
        "tampered at its end": good[:-1] + ("b" if good[-1] == "a" else "a"),
        "truncated": good[:-1],
        "too long": good + "a",
        "foreign": tokens.mint(other, person),
        "random": "a" * 48,
        "nobody's, as in a test mail": tokens.mint(keys, tokens.NOBODY),
        "no base32": "0" * 48,
        "not ASCII": "%C3%A4" * 48,
        "an address": "reader3@example.net",
    }


def test_no_other_token_does_or_tells_anything(sent: Folder) -> None:
    with serving(sent.path) as server:
        answers = {}
        for what, token in bad_tokens(sent).items():
            for method, body in (("GET", None), ("POST", FORM)):
                said = server.ask(method, f"/u/{token}", body, ONE_CLICK)
                assert said.status == 404, what
                answers[what, method] = (said.body, sorted(name for name in said.headers if name != "date"))
        assert "example.net" not in server.log_file.read_text()
    assert set(map(repr, answers.values())) == {repr(answers["random", "GET"])}
    assert sent("suppress", "list").out == ""


def test_a_signed_token_of_somebody_unknown_counts(sent: Folder) -> None:
    keys = keys_of(sent)
    token = tokens.mint(keys, tokens.person(keys, "letter", "stranger@example.net"))
    with serving(sent.path) as server:
        assert "your address gets no more mail" in server.ask("GET", f"/u/{token}").body
        assert "Your address gets no more mail" in server.leave(token).body
    sent.write("more.csv", "email\nstranger@example.net\nfriend@example.net\n")
    sent.write("next.md", POST.replace("1001.hello", "1002.next").replace("first", "second"))
    assert sent("send", "next.md", "--list", "more.csv").code == 0
    assert "stranger@example.net" not in sent.mailed
    assert "friend@example.net" in sent.mailed


def test_keys_rotated_meanwhile_are_taken_up(sent: Folder) -> None:
    old = token_of(sent, "reader4@example.net")
    with serving(sent.path) as server:
        keys = keys_of(sent).rotated(bytes(32))
        sent.write(".newsletter/keys", keys.text)
        new = tokens.mint(keys, tokens.read(keys, old))
        assert new != old
        assert server.leave(new).status == 200
        assert server.leave(old).status == 200
    assert sent("suppress", "list").out.count("reader4@example.net") == 1


def test_200_at_once_are_all_in_the_ledger(sent: Folder) -> None:
    keys = keys_of(sent)
    persons = [tokens.person(keys, "letter", f"crowd{n}@example.net") for n in range(195)]
    minted = [tokens.mint(keys, person) for person in persons]
    minted += [token_of(sent, f"reader{n}@example.net") for n in range(1, 6)]
    with serving(sent.path) as server, ThreadPoolExecutor(200) as many:
        assert {said.status for said in many.map(server.leave, minted)} == {200}
    # The line of an answer is written behind it: all are there once the server has ended.
    assert [entry["did"] for entry in server.log] == ["unsubscribed"] * 200
    assert sent("suppress", "list").out.count("\n") == 200
    assert sent("suppress", "list").out.count("@example.net\tunsubscribe") == 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_it_with_0(sent: Folder, number: signal.Signals) -> None:
    with serving(sent.path, stop=number) as server:
        assert server.ask("GET", "/healthz").body == '{"status": "ok"}'
        held = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
    held.close()


def test_an_unsubscribe_during_a_send_holds_for_all_not_handed_over(bare: Folder) -> None:
    people, leavers = 60, range(20, 60, 2)
    with ScriptedServer([Rule("dot", delay_s=6.0, turn=3)]) as smtp:
        bare.write("newsletter.toml", WITH_DOOR.format(port=smtp.port) + "\n[list]\nfiles = []\n")
        bare.write("newsletter.toml", bare.read("newsletter.toml").replace("[smtp]", "[smtp]\nconnections = 2"))
        bare.write("post.md", POST)
        bare.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(people)))
        with serving(bare.path) as server:
            sender = subprocess.Popen(
                [sys.executable, "-m", "newsletter_cli", "send", "post.md", "--list", "subs.csv"],
                cwd=bare.path,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            deadline = time.monotonic() + 20
            while len(smtp.at("dot")) < 6:
                assert sender.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.005)
            keys = keys_of(bare)
            for n in leavers:
                token = tokens.mint(keys, tokens.person(keys, "letter", f"r{n}@example.net"))
                assert server.leave(token).status == 200
            left_by = len(smtp.mails)
        assert sender.wait(timeout=30) == 0
        mailed = [mail.rcpt_to for mail in smtp.mails]
        assert left_by < people - len(leavers), "the send was over before anybody left"
        assert set(mailed).isdisjoint(f"r{n}@example.net" for n in leavers)
        assert len(mailed) == len(set(mailed)) == people - len(leavers)
        tokens_mailed = {LINK.findall(str(_headers(mail.data)["List-Unsubscribe"]))[0] for mail in smtp.mails}
        assert len(tokens_mailed) == len(mailed)
    said = bare("status", "post.md", "--json").json
    assert (said["sent"], said["suppressed"]) == (people - len(leavers), len(leavers))


def _headers(data: bytes) -> dict[str, str]:
    return dict(message_from_bytes(data, policy=policy.default).items())


def test_on_a_socket_in_the_file_system(sent: Folder, tmp_path: Path) -> None:
    place = tmp_path / "web.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(place))
    stale.close()  # as after a power cut
    with serving(sent.path, "--unix-socket", str(place)) as server:
        assert server.url == f"unix:{place}"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
        second = sent("serve", "--unix-socket", str(place))
        assert second.code == 3
        assert "cannot listen on" in second.err
    assert not place.exists()


def test_what_is_refused(bare: Folder) -> None:
    bare.write("newsletter.toml", SETTINGS.format(port=1))
    assert bare("serve", "--no-archive").code == 3
    assert bare("serve", "--prefix", "letter").code == 2
    assert bare("serve", "--log", "no/such/folder/log").code == 3
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = bare("serve", "--port", str(taken.getsockname()[1]))
    assert ran.code == 3
    assert re.search(r"cannot listen on port \d+ of 127.0.0.1", ran.err)
    assert "[unsubscribe] url is not set" in ran.err
