"""The log of an endpoint without a server: tokens verified, each line once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, cast

import pytest

from newsletter_cli import tokens
from newsletter_cli.config.settings import Newsletter, Settings, Unsubscribe
from newsletter_cli.jobs.unsubscribes import read_log
from newsletter_cli.jobs.workspace import Workspace
from newsletter_cli.problems import NotNow, Refused
from tests.doubles.ledgers import StillClock, begun, opened, person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter_cli.ledger.store import Ledger

KEYS = tokens.Keys.generate(bytes(range(64)))


@dataclass
class Place:
    """A ledger with one campaign of readers 0 to 4, and a log."""

    workspace: Workspace
    ledger: Ledger

    def read(self) -> Any:
        return read_log(self.workspace, self.ledger, KEYS)

    def barred(self) -> set[bytes]:
        return {entry.who for entry in self.ledger.suppressions.list()}


@contextmanager
def place(folder: Path, log: str) -> Iterator[Place]:
    settings = Settings(
        newsletter=Newsletter.model_validate({"id": "letter"}), unsubscribe=Unsubscribe(log=log), folder=folder
    )
    with opened(folder) as ledger:
        begun(ledger)
        yield Place(Workspace(settings=settings, clock=StillClock()), ledger)


def token(number: int) -> str:
    return tokens.mint(KEYS, person(number))


def test_each_token_is_verified_and_its_reader_leaves(tmp_path: Path) -> None:
    forged = tokens.mint(tokens.Keys.generate(bytes(64)), person(2))
    nobody = tokens.mint(KEYS, tokens.NOBODY)
    log = f"2026-01-02T03:04:05Z {token(0)} POST\n{token(1).upper()}\n\n{forged}\n{nobody}\nhello\n{'x' * 48}\n"
    (tmp_path / "unsubscribes.log").write_text(log)
    with place(tmp_path, "unsubscribes.log") as here:
        report = here.read()
        assert here.barred() == {person(0), person(1)}
        assert (report.suppressed, report.foreign) == (2, 2)
        assert "2 readers left" in report.summary
        entry = next(iter(here.ledger.suppressions.list()))
        assert (entry.newsletter, entry.reason.value, entry.source) == ("letter", "unsubscribe", "unsubscribes.log")
        assert entry.email.startswith("reader")


def test_a_line_counts_once_and_the_same_line_again_is_a_second_wish(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(f"{token(0)}\n")
    with place(tmp_path, "log") as here:
        assert here.read().suppressed == 1
        here.ledger.suppressions.remove(person(0))
        assert here.read().suppressed == 0
        log.write_text(f"{token(0)}\n{token(0)}\n")
        assert here.read().suppressed == 1
        assert here.barred() == {person(0)}


def test_somebody_who_is_in_no_campaign_may_leave_too(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(token(77))
    with place(tmp_path, "log") as here:
        assert here.read().suppressed == 1
        assert next(iter(here.ledger.suppressions.list())).newsletter == "letter"


def test_without_a_log_nothing_is_read(tmp_path: Path) -> None:
    with place(tmp_path, "") as here:
        assert here.read().summary == ""


@pytest.mark.parametrize("log", ["missing.log", "ftp://example.com/log"])
def test_a_log_that_is_not_there_is_refused(tmp_path: Path, log: str) -> None:
    with place(tmp_path, log) as here, pytest.raises(Refused):
        here.read()


class Answering(BaseHTTPRequestHandler):
    """Says what its server was told to."""

    def do_GET(self) -> None:
        code, body = cast("Any", self.server).answer
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Nothing on standard error."""


@contextmanager
def answering(code: int, body: bytes) -> Iterator[str]:
    with TCPServer(("127.0.0.1", 0), Answering) as server:  # HTTPServer would ask the DNS who it is
        cast("Any", server).answer = (code, body)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/log"
        finally:
            server.shutdown()
            thread.join()


def test_a_log_on_the_web(tmp_path: Path) -> None:
    with answering(200, token(3).encode()) as url, place(tmp_path, url) as here:
        assert here.read().suppressed == 1
    with answering(404, b"") as url, place(tmp_path / "b", url) as here, pytest.raises(Refused):
        here.read()
    with answering(503, b"") as url, place(tmp_path / "c", url) as here, pytest.raises(NotNow):
        here.read()
    with place(tmp_path / "d", "http://127.0.0.1:1/log") as here, pytest.raises(NotNow):
        here.read()
