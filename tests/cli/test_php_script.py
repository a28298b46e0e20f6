"""The one-click script of `newsletter init --one-click php`, run by Debian's PHP on the loopback interface."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from newsletter_cli import tokens
from newsletter_cli.config.load import load
from newsletter_cli.jobs import init, unsubscribes
from newsletter_cli.jobs.workspace import Workspace
from newsletter_cli.problems import Refused
from newsletter_cli.times import SystemClock
from tests.cli.folder import POST, SETTINGS
from tests.conftest import debian

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.folder import Folder

KEYS = tokens.Keys.generate(bytes(range(64)))
TOKEN = tokens.mint(KEYS, tokens.person(KEYS, "letter", "ada@example.net"))
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
FORM = b"List-Unsubscribe=One-Click"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [a-z2-7]{48}")  # docs/one-click.md


@dataclass
class Php:
    """The script being served."""

    port: int
    folder: Path
    log: Path

    def ask(
        self, method: str, query: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, f"/{init.PHP}{query}", body, headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[Php]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [debian("php", "php-cli"), "-n", "-d", "display_errors=stderr", "-S", f"127.0.0.1:{port}", "-t", str(folder)],
        env={**os.environ, "PHP_CLI_SERVER_WORKERS": "4"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "PHP did not start"
                assert time.monotonic() < deadline
        yield Php(port, folder, log)
    finally:
        os.killpg(process.pid, 15)  # its workers too
        _, said = process.communicate(timeout=20)
    assert b"PHP Warning" not in said
    assert b"PHP Fatal" not in said
    assert b"PHP Deprecated" not in said


@pytest.fixture
def php(tmp_path: Path) -> Iterator[Php]:
    folder = tmp_path / "web"
    folder.mkdir()
    (made,) = init.add_script(folder, init.php("Ada's \\ <Letter>", bytes(16)))
    assert made.name == init.PHP
    with serving(folder, folder / f"unsubscribed-{'00' * 16}.log") as running:
        yield running


def test_a_post_is_appended_and_answered_as_rfc_8058_asks(php: Php) -> None:
    status, headers, page = php.ask("POST", f"?t={TOKEN}", FORM, URLENCODED)
    assert status == 200
    assert "set-cookie" not in headers
    assert "location" not in headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "You are unsubscribed" in page
    assert len(php.lines) == 1
    assert LINE.fullmatch(php.lines[0])
    assert tokens.read(KEYS, php.lines[0].split()[1])


def test_multipart_and_a_token_in_the_path_and_capitals(php: Php) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert php.ask("POST", f"?t={TOKEN}", body, kind)[0] == 200
    assert php.ask("POST", f"/{TOKEN.upper()}", body, kind)[0] == 200
    assert [line.split()[1] for line in php.lines] == [TOKEN, TOKEN]


def test_looking_changes_nothing(php: Php) -> None:
    status, _, page = php.ask("GET", f"?t={TOKEN}")
    assert status == 200
    assert '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">' in page
    assert "Ada&#039;s \\ &lt;Letter&gt;" in page
    assert php.ask("HEAD", f"?t={TOKEN}")[0] == 200
    assert php.ask("OPTIONS", f"?t={TOKEN}")[0::2] == (204, "")
    status, headers, _ = php.ask("PUT", f"?t={TOKEN}")
    assert (status, headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    for body in (b"", b"x=1", b"List-Unsubscribe=no", b"List-Unsubscribe[]=One-Click"):
        assert php.ask("POST", f"?t={TOKEN}", body, URLENCODED)[0] == 400
    assert php.lines == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?t=",
        f"?t={TOKEN[:-1]}",
        f"?t={TOKEN}a",
        f"?t={TOKEN[:-1]}1",
        f"?t={TOKEN}%0A",
        f"?t={TOKEN}%00",
        f"?t={TOKEN}%0A2026-01-01T00:00:00Z%20x",
        f"?t[]={TOKEN}",
        "?t=%C3%A4" * 48,
        "?t=../../etc/passwd",
    ],
)
def test_what_has_not_the_form_of_a_token_is_never_written(php: Php, query: str) -> None:
    assert php.ask("POST", query, FORM, URLENCODED)[0] == 404
    assert php.lines == []


def test_many_at_once_leave_whole_lines(php: Php) -> None:
    minted = [tokens.mint(KEYS, tokens.person(KEYS, "letter", f"r{n}@example.net")) for n in range(200)]
    with ThreadPoolExecutor(32) as many:
        answers = many.map(lambda token: php.ask("POST", f"?t={token}", FORM, URLENCODED)[0], minted)
        assert set(answers) == {200}
    assert all(LINE.fullmatch(line) for line in php.lines)
    assert {line.split()[1] for line in php.lines} == set(minted)


def test_its_first_visitor_makes_the_log(php: Php) -> None:
    assert not php.log.exists()
    assert php.ask("GET", "")[0] == 404
    assert php.log.read_bytes() == b""


def test_what_it_collected_holds_for_the_sender(php: Php, letter: Folder) -> None:
    assert letter.inbox is not None
    address = f"http://127.0.0.1:{php.port}"
    php.ask("GET", "")
    letter.write(
        "newsletter.toml",
        SETTINGS.format(port=letter.inbox.port)
        + f'[unsubscribe]\nurl = "{address}/{init.PHP}?t={{token}}"\nlog = "{address}/{php.log.name}"\n',
    )
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    mail = next(mail for mail in letter.mails if mail["To"].addresses[0].addr_spec == "reader2@example.net")
    found = re.search(r"<http://127[^>]*(\?t=\w+)>", str(mail["List-Unsubscribe"]))
    assert found
    assert php.ask("POST", found[1], FORM, URLENCODED)[0] == 200
    php.ask("POST", f"?t={TOKEN}", FORM, URLENCODED)  # of another ledger
    settings = load(start=letter.path, config_file=None, environment={}, options={}, home=letter.path)
    workspace = Workspace(settings=settings, clock=SystemClock())
    with workspace.open_ledger() as (ledger, keys):
        report = unsubscribes.read_log(workspace, ledger, keys)
    assert (report.lines, report.suppressed, report.foreign) == (2, 1, 1)
    letter.write("next.md", POST.replace("1001.hello", "1002.next").replace("first", "second"))
    assert letter("send", "next.md", "--list", "subs.csv").code == 0
    assert letter.mailed.count("reader2@example.net") == 1
    assert letter.mailed.count("reader1@example.net") == 2


def test_a_log_that_cannot_be_written_is_said(php: Php) -> None:
    php.log.mkdir()
    status, headers, _ = php.ask("POST", f"?t={TOKEN}", FORM, URLENCODED)
    assert (status, headers["retry-after"]) == (503, "600")


def test_the_log_has_an_end(php: Php) -> None:
    with php.log.open("wb") as file:
        file.truncate(45_000_000)
    assert php.ask("POST", f"?t={TOKEN}", FORM, URLENCODED)[0] == 503
    assert php.log.stat().st_size == 45_000_000


def test_nothing_is_overwritten(php: Php) -> None:
    with pytest.raises(Refused, match="is there already"):
        init.add_script(php.folder, init.php("Other", bytes(16)))
