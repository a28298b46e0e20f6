"""The login at an IMAP server that takes no password: XOAUTH2 with a token out of a command."""

from __future__ import annotations

import base64
import socket
import ssl
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import trustme

from newsletter_cli.feedback import imap
from newsletter_cli.jobs.secrets import first_line
from newsletter_cli.problems import NotNow, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.folder import Folder


class Office:
    """One user, one token, an empty INBOX; `said` is what came as an answer to a challenge."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.said: list[bytes] = []
        self._right = f"user=bounces@example.com\x01auth=Bearer {token}\x01\x01".encode()

    def answer(self, connection: ssl.SSLSocket) -> None:
        with connection, connection.makefile("rwb") as stream:

            def put(line: bytes) -> None:
                stream.write(line + b"\r\n")
                stream.flush()

            put(b"* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN] ready")
            while line := stream.readline():
                tag, word, *_ = line.split()
                if word == b"AUTHENTICATE":
                    put(b"+ ")
                    self.said.append(base64.b64decode(stream.readline()))
                    if self.said[-1] == self._right:
                        put(tag + b" OK done")
                        continue
                    put(b"+ " + base64.b64encode(b'{"status":"401"}'))
                    self.said.append(base64.b64decode(stream.readline()))
                    put(tag + b" NO invalid credentials")
                elif word == b"EXAMINE":
                    put(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n" + tag + b" OK [READ-ONLY] done")
                elif word == b"UID":
                    put(b"* SEARCH\r\n" + tag + b" OK done")
                elif word == b"LOGOUT":
                    put(b"* BYE\r\n" + tag + b" OK done")
                    return
                else:
                    put(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN\r\n" + tag + b" OK done")


@contextmanager
def office(authority: trustme.CA, token: str) -> Iterator[Office]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Office(listening.getsockname()[1], token)

        def serve() -> None:
            try:
                while True:
                    made.answer(context.wrap_socket(listening.accept()[0], server_side=True))
            except OSError:  # the test is over
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def test_a_token_logs_in_and_another_is_refused(authority: trustme.CA) -> None:
    with office(authority, "ya29.right") as server:
        url = f"imaps://bounces%40example.com@127.0.0.1:{server.port}/INBOX"
        assert list(imap.from_url(url, token="ya29.right").items("")) == []
        with pytest.raises(NotNow, match=r"refused the login of bounces@example\.com"):
            list(imap.from_url(url, token="ya29.wrong").items(""))
        assert server.said[-1] == b"", "the error's challenge is answered, so that the server says NO"
        assert "ya29" not in repr(imap.from_url(url, token="ya29.right"))
        with pytest.raises(Refused, match="no password"):
            imap.from_url(url)


@pytest.mark.parametrize("key", ["password_command", "token_command"])
def test_commands_of_the_settings_give_the_secret(bare: Folder, authority: trustme.CA, key: str) -> None:
    with office(authority, "from-a-command") as server:
        bare.write(
            "newsletter.toml",
            '[newsletter]\nname = "The Letter"\nfrom = "l@example.com"\n\n[smtp]\nhost = "127.0.0.1"\n\n[bounces]\n'
            f'mailbox = "imaps://bounces%40example.com@127.0.0.1:{server.port}/INBOX"\n'
            f"{key} = ['{sys.executable}', '-c', 'print(\"from-a-command\")']\n",
        )
        ran = bare("bounces")
        if key == "token_command":
            assert ran.code == 0, ran.err
        else:  # this office takes no password, but the password came
            assert ran.code == 75
            assert server.said[0] == b"\0bounces@example.com\0from-a-command"
        assert "from-a-command" not in ran.out + ran.err


def test_a_command_that_gives_nothing_is_named_without_its_output() -> None:
    assert first_line((), "x") == ""
    assert first_line(f"{sys.executable} -c \"print('a b')\"", "x") == "a b"
    for code in ("print()", "print('secret'); raise SystemExit(3)"):
        with pytest.raises(NotNow, match=r"bounces\.token_command: .* ended with") as refused:
            first_line([sys.executable, "-c", code], "bounces.token_command")
        assert "secret" not in str(refused.value)
    with pytest.raises(NotNow, match="No such file"):
        first_line(["/nowhere/at/all"], "x")
