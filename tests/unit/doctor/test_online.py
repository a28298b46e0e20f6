"""Asking for links: what each answer means, over real sockets on the loopback interface."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.doctor.online import Answer, ask, judge
from newsletter_cli.problems import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


class Site(BaseHTTPRequestHandler):
    """A small site with every kind of answer."""

    def do_HEAD(self) -> None:
        self.answer(head=True)

    def do_GET(self) -> None:
        self.answer(head=False)

    def answer(self, *, head: bool) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(f"{self.command} {self.path}")  # type: ignore[attr-defined]  # set below
        if path == "/slow":
            self.server.wait.wait(10)  # type: ignore[attr-defined]  # set below
        if path == "/closes" and head:
            self.connection.close()
            return
        code = {"/gone": 410, "/missing": 404, "/guarded": 403, "/moved": 301, "/home": 302, "/headless": 405}.get(
            path, 200
        )
        if path == "/headless" and not head:
            code = 200
        self.send_response(code)
        if code in {301, 302}:
            self.send_header("Location", "/" if path == "/home" else "/new")
        self.send_header("Content-Type", "image/png" if path.endswith(".png") else "text/html; charset=utf-8")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def serving() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    server.asked = []  # type: ignore[attr-defined]  # a list for the test
    server.wait = threading.Event()  # type: ignore[attr-defined]  # lets /slow end
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.wait.set()  # type: ignore[attr-defined]  # as above
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as server:
        yield f"http://127.0.0.1:{server.server_address[1]}"


def said(site: str, path: str, *, picture: bool = False, time_limit_s: float = 5) -> tuple[Severity, str] | None:
    url = site + path
    answers = ask([url], time_limit_s=time_limit_s)
    judged = judge(url, answers[url.partition("#")[0]], picture=picture)
    return None if judged is None else (judged[0], judged[1].replace(site, ""))


def test_what_is_there_is_no_finding(site: str) -> None:
    assert said(site, "/page#part") is None
    assert said(site, "/moved") is None
    assert said(site, "/headless") is None
    assert said(site, "/closes") is None
    assert said(site, "/ä/ö?q=ü") is None
    assert said(site, "/a.png", picture=True) is None


def test_what_is_not_there(site: str) -> None:
    assert said(site, "/missing") == (Severity.WARNING, "the link /missing answers 404")
    assert said(site, "/gone") == (Severity.WARNING, "the link /gone answers 410")
    assert said(site, "/guarded") == (Severity.NOTE, "the link /guarded answers 403 to a program")
    assert said(site, "/page", picture=True) == (Severity.WARNING, "the picture /page is no picture but text/html")
    assert said(site, "/home") == (Severity.NOTE, "the link /home leads on to /")


def test_an_answer_that_does_not_come(site: str) -> None:
    found = said(site, "/slow", time_limit_s=0.2)
    assert found == (Severity.WARNING, "the link /slow does not answer: no answer within the time limit")
    assert judge("https://x.example/", Answer(trouble="refused"), picture=False) is not None


def test_a_port_on_which_nobody_listens() -> None:
    with serving() as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/"
    found = judge(url, ask([url])[url], picture=False)
    assert found is not None
    assert "refused" in found[1]


def test_each_address_is_asked_once_and_only_those_of_the_web() -> None:
    with serving() as server:
        base = f"http://127.0.0.1:{server.server_address[1]}"
        answers = ask([f"{base}/x#a", f"{base}/x#b", f"{base}/x", "mailto:a@example.com", "file:///etc/passwd", "#x"])
        assert server.asked == ["HEAD /x"]  # type: ignore[attr-defined]  # set above
        assert list(answers) == [f"{base}/x"]
