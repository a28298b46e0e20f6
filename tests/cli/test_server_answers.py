"""What a server's answers mean for the exit code, the list and the next run."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.cli.folder import POST, SETTINGS
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder


def prepare(folder: Folder, port: int, *, people: int = 5, more: str = "") -> None:
    folder.write("newsletter.toml", SETTINGS.format(port=port) + more)
    folder.write("post.md", POST)
    folder.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(people)))


def test_an_address_that_does_not_exist_is_1_named_and_suppressed(bare: Folder) -> None:
    with ScriptedServer([Rule("RCPT", say="550 5.1.1 no such user", address="r2@")]) as server:
        prepare(bare, server.port)
        ran = bare("send", "post.md", "--list", "subs.csv")
        assert ran.code == 1
        assert "subs.csv:4" in ran.err
        assert "r2@example.net" in ran.err
        assert "no such user" in ran.err
        assert "email_sent_at" in bare.read("post.md")
        assert "r2@example.net" in bare("suppress", "list").out
        why = bare("why", "r2@example.net").out
        assert "hard bounce" in why
        assert "550" in why
        bare("status", "--failed-csv", "failed.csv")
        assert "r2@example.net" in bare.read("failed.csv")
        server.rules.clear()
        bare.write("next.md", "---\ntitle: Next\npost_id: 9.next\n---\nNext.\n")
        assert bare("send", "next.md", "--list", "subs.csv").code == 0
        assert server.accepted.count("r2@example.net") == 0


def test_retry_failed_tries_once_more(bare: Folder) -> None:
    with ScriptedServer([Rule("RCPT", say="554 5.6.0 odd content", address="r2@")]) as server:
        prepare(bare, server.port)
        assert bare("send", "post.md", "--list", "subs.csv").code == 1
        assert bare("send", "post.md", "--list", "subs.csv", "--again").code == 0
        server.rules.clear()
        assert bare("send", "post.md", "--list", "subs.csv", "--retry-failed").code == 0
        assert sorted(server.accepted) == [f"r{n}@example.net" for n in range(5)]


def test_a_deferral_is_tried_again_in_the_run_then_75(bare: Folder) -> None:
    with ScriptedServer([Rule("RCPT", say="451 4.3.0 try later", address="r3@")]) as server:
        prepare(bare, server.port)
        ran = bare("send", "post.md", "--list", "subs.csv", "--json")
        assert ran.code == 75
        assert (ran.json["sent"], ran.json["deferred"], ran.json["left"]) == (4, 1, 1)
        assert "email_started_at" in bare.read("post.md")
        assert len([moment for moment in server.at("RCPT") if "r3@" in moment.address]) == 3
        server.rules.clear()
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert len(server.accepted) == 5


def test_policy_is_the_accounts_fault_and_nobodys_failure(bare: Folder) -> None:
    with ScriptedServer([Rule("dot", say="550 5.7.515 not authenticated")]) as server:
        prepare(bare, server.port)
        ran = bare("send", "post.md", "--list", "subs.csv", "--json")
        assert ran.code == 75
        assert ran.json["failed"] == 0
        assert ran.json["held"]
        assert bare("suppress", "list").out == ""
        tried = server.connections
        assert bare("run", ".", "--list", "subs.csv").code == 0
        assert server.connections == tried
        server.rules.clear()
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert len(server.accepted) == 5


@pytest.mark.parametrize(
    ("trusted", "name", "code"), [(True, "localhost", 0), (False, "localhost", 75), (True, "other.example", 75)]
)
def test_a_certificate_is_verified(bare: Folder, *, trusted: bool, name: str, code: int) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    (authority if trusted else trustme.CA()).cert_pem.write_to_path(str(bare.path / "ca.pem"))
    with ScriptedServer(starttls=context) as server:
        prepare(bare, server.port, more='ca_file = "ca.pem"\n')
        settings = bare.read("newsletter.toml").replace('"none"', '"starttls"').replace("127.0.0.1", "localhost")
        bare.write("newsletter.toml", settings)
        ran = bare("send", "post.md", "--list", "subs.csv")
        assert ran.code == code, ran.err
        assert len(server.mails) == (5 if code == 0 else 0)


def test_a_password_goes_nowhere_without_tls_but_to_loopback(bare: Folder) -> None:
    settings = SETTINGS.format(port=25).replace("127.0.0.1", "mail.example.com") + 'username = "letter"\n'
    bare.write("newsletter.toml", settings + 'password_command = ["echo", "hush"]\n')
    bare.write("post.md", POST)
    bare.write("subs.csv", "email\na@example.net\n")
    ran = bare("send", "post.md", "--list", "subs.csv")
    assert ran.code == 3
    assert "password" in ran.err
    assert "hush" not in ran.err


def test_an_international_address_without_smtputf8_fails_by_name(bare: Folder) -> None:
    with ScriptedServer() as server:
        prepare(bare, server.port)
        bare.write("subs.csv", "email\njörg@example.net\na@bücher.example\n".encode())
        ran = bare("send", "post.md", "--list", "subs.csv")
        assert ran.code == 1
        assert "jörg@example.net" in ran.err
        assert server.accepted == ["a@xn--bcher-kva.example"]
