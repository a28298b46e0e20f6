"""The server of the way out over real sockets: many at once, the slow, the large and the odd."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from newsletter_cli.times import SystemClock
from newsletter_cli.web import limits
from newsletter_cli.web.archive import Entry
from newsletter_cli.web.server import About, Address, Server
from tests.doubles.office import WHEN, MemoryOffice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FORM = b"List-Unsubscribe=One-Click"
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
DOOR = "https://example.com/news/u/{token}"
HELLO = Entry(slug="hello", title="Hello", subtitle="A first one", day="January 2, 2026", sent_at=WHEN, identity="1")


@dataclass
class Said:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Served:
    """A server in a thread."""

    port: int
    office: MemoryOffice
    log: list[dict[str, object]] = field(default_factory=list)
    stop: Callable[[], None] = lambda: None

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Said:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {**(URLENCODED if body else {}), **named})
            answer = connection.getresponse()
            return Said(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    @contextmanager
    def raw(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            yield client


def until_closed(client: socket.socket) -> bytes:
    got = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            got += piece
    return got


def eventually_closed(server: Served) -> bool:
    """Whether the server comes to let nobody new in."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            server.ask("GET", "/healthz")
        except OSError:
            return True
    return False


@contextmanager
def served(**about: Any) -> Iterator[Served]:
    office = MemoryOffice()
    log: list[dict[str, object]] = []
    known = {"name": "The Letter", "language": "en", "door_url": DOOR, "post_url": "", **about}
    server = Server(office, About(**known), Address(), clock=SystemClock(), log=log.append)
    ready = threading.Event()
    thread = threading.Thread(target=server.serve, args=(ready.set,))
    thread.start()
    assert ready.wait(20)
    try:
        yield Served(int(server.url.rpartition(":")[2]), office, log, server.stop)
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


def test_200_at_once_are_all_recorded_one_at_a_time() -> None:
    with served() as server:
        start = threading.Barrier(200)

        def leave(number: int) -> int:
            start.wait()
            return server.ask("POST", f"/news/u/good{number % 150}", FORM).status

        with ThreadPoolExecutor(200) as many:
            assert set(many.map(leave, range(200))) == {200}
        assert len(server.office.left) == 150
        assert server.office.most_at_once == 1
        assert (
            sorted(str(entry["did"]) for entry in server.log) == ["unsubscribed"] * 150 + ["unsubscribed before"] * 50
        )


def test_looking_changes_nothing_and_the_page_keeps_the_token_to_itself() -> None:
    with served() as server:
        for method in ("GET", "HEAD"):
            said = server.ask(method, "/news/u/gooda")
            assert said.status == 200
            assert bool(said.body) == (method == "GET")
            assert int(said.headers["content-length"]) > 1000
        assert server.office.calls == 0
        headers = said.headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "noindex" in headers["x-robots-tag"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "form-action 'self'" in headers["content-security-policy"]
    assert "set-cookie" not in headers
    assert "server" not in headers


def test_other_methods() -> None:
    with served() as server:
        options = server.ask("OPTIONS", "/news/u/gooda")
        assert (options.status, options.headers["allow"], options.body) == (204, "GET, HEAD, POST, OPTIONS", b"")
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "BREW"):
            said = server.ask(method, "/news/u/gooda")
            assert (said.status, said.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
        assert server.ask("POST", "/").status == 405
        assert server.ask("OPTIONS", "/").headers["allow"] == "GET, HEAD, OPTIONS"
        assert server.ask("POST", "/healthz").status == 405
        assert server.office.calls == 0
    assert server.log[-4]["method"] == "other"


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_both_kinds_of_form_as_http_clients_write_them(kind: str) -> None:
    with served() as server:
        if kind == "urlencoded":
            said = server.ask("POST", "/news/u/gooda", FORM)
        else:
            body = (
                b'--bound\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--bound--\r\n'
            )
            said = server.ask("POST", "/news/u/gooda", body, Content_Type="multipart/form-data; boundary=bound")
        assert said.status == 200
        assert server.office.left == {b"gooda"}


def test_a_body_that_is_too_large_is_not_read() -> None:
    with served() as server, server.raw() as client:
        client.sendall(b"POST /news/u/gooda HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        assert until_closed(client).startswith(b"HTTP/1.1 413 ")
        assert server.office.calls == 0


def test_a_body_that_grows_too_large_is_cut_off() -> None:
    with served() as server, server.raw() as client:
        client.sendall(b"POST /news/u/gooda HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"2001\r\nList-Unsubscribe=One-Click&x=" + b"a" * (0x2001 - 29) + b"\r\n")
        assert until_closed(client).startswith(b"HTTP/1.1 413 ")
        assert server.office.calls == 0


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_S", 0.2)
    with served() as server, server.raw() as client:
        client.sendall(b"POST /news/u/gooda HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nList-")
        assert until_closed(client).startswith(b"HTTP/1.1 408 ")
        assert server.office.calls == 0


@pytest.mark.parametrize("sent", [b"", b"GET /news/u/gooda HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(limits, "HEAD_S", 0.3)
    with served() as server, server.raw() as client:
        began = time.monotonic()
        client.sendall(sent)
        assert until_closed(client) == b""
        assert time.monotonic() - began < 5


def test_a_second_request_may_not_dawdle_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEAD_S", 1.5)
    with served() as server, server.raw() as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        got = b""
        while not got.endswith(b"}"):
            got += client.recv(65536)
        for octet in b"GET /hea":  # each octet would put off uvicorn's own clock
            client.sendall(bytes([octet]))
        assert until_closed(client) == b""


def test_a_head_that_is_too_large_is_refused() -> None:
    with served() as server, server.raw() as client:
        client.sendall(b"GET /news/u/gooda HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * 40_000)
        assert until_closed(client).startswith((b"HTTP/1.1 4", b""))
        assert server.log == []


def test_a_client_that_hangs_up_in_its_form_harms_nobody() -> None:
    with served() as server:
        with server.raw() as client:
            client.sendall(b"POST /news/u/gooda HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nList-")
        assert server.ask("POST", "/news/u/goodb", FORM).status == 200
        assert server.office.left == {b"goodb"}


def test_guesses_at_the_archive_are_slowed_down_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "Throttle", partial(limits.Throttle, per_second=0))
    with served(forwarded=True) as server:
        found = [server.ask("GET", f"/p/{n}", X_Forwarded_For="2001:db8::1").status for n in range(130)]
        assert (found[0], found[-1]) == (404, 429)


def test_a_socket_in_the_file_system(tmp_path: Path) -> None:
    about = About(name="x", language="en", door_url=DOOR, post_url="")
    place = tmp_path / "web.sock"

    def made() -> Server:
        return Server(MemoryOffice(), about, Address(path=place), clock=SystemClock(), log=lambda _: None)

    first = made()
    with pytest.raises(OSError, match="in use"):  # somebody listens there
        made()
    first._socket.close()
    second = made()  # and now nobody does
    second._socket.close()
    place.unlink()
    place.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        made()
    assert place.read_text() == "mine"


def test_on_ipv6() -> None:
    about = About(name="x", language="en", door_url=DOOR, post_url="")
    try:
        server = Server(MemoryOffice(), about, Address(host="::1"), clock=SystemClock(), log=lambda _: None)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    assert server.url.startswith("http://[::1]:")
    server.stop()  # before it began: nothing to do
    server._socket.close()


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\x00", b"EHLO x\r\n\r\n", b"\0" * 100 + b"\r\n\r\n"])
def test_what_is_no_http_harms_nobody(garbage: bytes) -> None:
    with served() as server:
        with server.raw() as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            until_closed(client)
        assert server.ask("POST", "/news/u/gooda", FORM).status == 200


def test_guessing_is_slowed_down_and_a_mailbox_provider_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "Throttle", partial(limits.Throttle, per_second=0))
    with served(forwarded=True) as server:
        guesses = [server.ask("GET", f"/news/u/bad{n}", X_Forwarded_For="203.0.113.9").status for n in range(130)]
        assert guesses[:100] == [404] * 100
        assert guesses[-1] == 429
        # What a client writes there itself stands before what the proxy saw.
        assert server.ask("GET", "/news/u/bad", X_Forwarded_For="198.51.100.1, 203.0.113.9").status == 429
        assert server.ask("GET", "/news/u/bad", X_Forwarded_For="203.0.113.9, 198.51.100.1").status == 404
        with server.raw() as client:  # or in a line of its own, as HAProxy writes it
            client.sendall(
                b"GET /news/u/bad HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 198.51.100.7\r\n"
            )
            client.sendall(b"X-Forwarded-For: 203.0.113.9\r\n\r\n")
            assert until_closed(client).startswith(b"HTTP/1.1 429 ")
        for n in range(150):
            assert server.ask("POST", f"/news/u/good{n}", FORM, X_Forwarded_For="203.0.113.9").status == 200


def test_forwarded_headers_are_believed_only_when_asked() -> None:
    with served() as server:
        for n in range(120):
            assert server.ask("GET", f"/news/u/bad{n}", X_Forwarded_For="203.0.113.9").status == 404
        feed = server.ask("GET", "/feed.xml", X_Forwarded_Prefix="/evil", X_Forwarded_Host="evil.example")
        assert b"evil" not in feed.body


@pytest.mark.parametrize("seen", ["/news", ""])
def test_behind_a_prefix_that_the_proxy_keeps_or_takes_away(seen: str) -> None:
    with served(prefix="/news") as server:
        server.office.posts[HELLO] = "<p>Hello</p>"
        assert server.ask("POST", f"{seen}/u/gooda", FORM).status == 200
        assert b'href="/news/p/hello"' in server.ask("GET", f"{seen}/").body
        assert b"/news/p/hello" in server.ask("GET", f"{seen}/p/hello").body
        assert server.ask("GET", f"{seen}/healthz").status == 200
        assert server.ask("GET", "/news").status == 200


def test_the_prefix_may_come_from_the_proxy() -> None:
    with served(forwarded=True, door_url="") as server:
        server.office.posts[HELLO] = "<p>Hello</p>"
        said = server.ask("GET", "/", X_Forwarded_Prefix="/news/")
        assert b'href="/news/p/hello"' in said.body
        named = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "letters.example"}
        assert (
            b"https://letters.example/news/p/hello"
            in server.ask("GET", "/feed.xml", X_Forwarded_Prefix="/news", **named).body
        )
        assert b"<script" not in server.ask("GET", "/", X_Forwarded_Prefix='/"><script>').body


def test_the_archive() -> None:
    with served(post_url="https://letters.example/read/{slug}/") as server:
        assert b"There is nothing here yet." in server.ask("GET", "/").body
        server.office.posts[HELLO] = '<p>Hello <img src="/pictures/hello/a@b"></p>'
        index = server.ask("GET", "/")
        assert b'href="/read/hello/"' in index.body
        assert server.ask("GET", "/read/hello/").status == 200
        assert server.ask("GET", "/read/other/").status == 404
        picture = server.ask("GET", "/pictures/hello/a@b")
        assert (picture.headers["content-type"], picture.body) == ("image/png", b"\x89PNG")
        assert "sandbox" in picture.headers["content-security-policy"]
        assert server.ask("GET", "/pictures/hello/c@d").status == 404
        assert server.ask("GET", "/pictures/other/a@b").status == 404
        feed = server.ask("GET", "/feed.xml")
        assert feed.headers["content-type"].startswith("application/atom+xml")
        tree = ET.fromstring(feed.body)
        assert 'src="https://letters.example/pictures/hello/a@b"' in "".join(tree.itertext())
        again = server.ask("GET", "/feed.xml", If_None_Match=feed.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        assert "noindex" not in str(index.headers)


def test_without_the_archive_there_is_the_door_alone() -> None:
    with served(archive=False) as server:
        assert server.ask("GET", "/").status == 404
        assert server.ask("GET", "/feed.xml").status == 404
        assert server.ask("POST", "/news/u/gooda", FORM).status == 200


def test_a_full_disk_is_said_so_that_providers_try_again() -> None:
    with served() as server:
        server.office.full = True
        said = server.ask("POST", "/news/u/gooda", FORM)
        assert (said.status, said.headers["retry-after"]) == (503, "120")
        assert b"Nothing was changed" in said.body
        assert server.ask("GET", "/healthz").status == 503
        server.office.full = False
        assert server.ask("POST", "/news/u/gooda", FORM).status == 200
        assert server.log[0]["fault"] == "NotNow"


def test_a_fault_of_ours_is_told_and_the_next_request_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as server:
        monkeypatch.setattr(MemoryOffice, "entries", lambda _: 1 / 0)
        assert server.ask("GET", "/").status == 500
        assert server.ask("GET", "/news/u/gooda").status == 200
        assert server.log[0]["fault"] == "ZeroDivisionError"


def test_the_log_holds_no_address_and_no_token() -> None:
    with served(forwarded=True) as server:
        server.ask("POST", "/news/u/goodsecret", FORM, X_Forwarded_For="203.0.113.9")
        server.ask("GET", "/news/u/badsecret", X_Forwarded_For="203.0.113.9")
        server.ask("GET", "/elsewhere/goodsecret?t=goodsecret", X_Forwarded_For="203.0.113.9")
        said = json.dumps(server.log)
    assert len(server.log) == 3
    assert "secret" not in said
    assert "203.0.113" not in said
    assert {"time", "event", "route", "method", "status", "octets", "ms"} <= set(server.log[0])


def test_a_stop_lets_what_has_begun_end() -> None:
    with served() as server, server.raw() as client:
        client.sendall(b"POST /news/u/gooda HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n")
        client.sendall(b"Content-Type: application/x-www-form-urlencoded\r\n\r\nList-Unsubscribe=")
        assert server.ask("GET", "/healthz").status == 200  # the head of the first has been read by now
        server.stop()
        assert eventually_closed(server)
        client.sendall(b"One-Click")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert server.office.left == {b"gooda"}
