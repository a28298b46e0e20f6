"""The preview's server: who is let in, what goes with an answer, and how it ends."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.message.parts import Opened
from newsletter_cli.web.live import HOST, Live
from newsletter_cli.web.preview import Choice, Reader, Shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TOKEN = "unguessable"


class Room:
    """A show whose mail says how often the file in its folder was read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refreshed = 0
        self.fault: Exception | None = None

    def look(self, choice: Choice) -> Shown:
        if self.fault:
            raise self.fault
        mail = Opened(headers=(("Subject", "S"),), html=f"<p>{choice.address or 'nobody'} {self.refreshed}</p>")
        return Shown(post="posts/näh.md", choice=choice, mail=mail if choice.tier != "free" else None, eml=b"eml")

    def readers(self, query: str) -> tuple[Sequence[Reader], bool, str]:
        return [Reader("ada@example.net", query, "full")], False, ""

    def picture(self, cid: str) -> tuple[str, bytes] | None:
        return ("image/png", b"png") if cid == "a@b" else None

    def refresh(self) -> bool:
        self.refreshed += 1
        return True

    def folders(self) -> Sequence[Path]:
        return [self.folder]


@contextmanager
def serving(room: Room) -> Iterator[Live]:
    live = Live(room, token=TOKEN)
    ready = threading.Event()
    thread = threading.Thread(target=live.serve, args=(ready.set,))
    thread.start()
    assert ready.wait(10)
    yield live
    live.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with serving(Room(tmp_path)) as served:
        yield served


def ask(live: Live, path: str, *, host: str | None = None, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    port = int(live.url.split(":")[2].partition("/")[0])
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host if host is not None else f"{HOST}:{port}")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_only_this_address_under_this_token_is_answered(live: Live) -> None:
    port = live.url.split(":")[2].partition("/")[0]
    assert ask(live, f"/{TOKEN}/")[0] == 200
    assert ask(live, f"/{TOKEN}/", host=f"localhost:{port}")[0] == 200
    for host in ("evil.example", f"evil.example:{port}", HOST, "localhost", ""):
        assert ask(live, f"/{TOKEN}/", host=host)[0] == 404
    for path in ("/", "/guess/", f"/{TOKEN}x/", f"/{TOKEN[:-1]}/look", "/look"):
        assert ask(live, path)[0] == 404
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(live, f"/{TOKEN}/look", method=method)[0] == 404


def test_it_listens_on_the_loopback_interface_alone(live: Live) -> None:
    assert live._socket.getsockname()[0] == "127.0.0.1"
    assert live._socket.family == socket.AF_INET


def test_every_answer_keeps_the_token_and_the_machine_to_itself(live: Live) -> None:
    for path in ("", "look", "mail", "readers", "picture/a@b", "preview.js", "preview.css", "mail.eml"):
        status, headers, _ = ask(live, f"/{TOKEN}/{path}")
        assert status == 200, path
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "'none'" in headers["content-security-policy"]
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers
    assert "sandbox" in ask(live, f"/{TOKEN}/mail")[1]["content-security-policy"]


def test_what_is_asked_for_is_given(live: Live) -> None:
    look = json.loads(ask(live, f"/{TOKEN}/look?as=ada@example.net")[2])
    assert look["source"] == "<p>ada@example.net 0</p>"
    assert json.loads(ask(live, f"/{TOKEN}/readers?q=x")[2])["readers"][0]["name"] == "x"
    status, headers, body = ask(live, f"/{TOKEN}/picture/a@b")
    assert (status, headers["content-type"], body) == (200, "image/png", b"png")
    _, headers, body = ask(live, f"/{TOKEN}/mail.eml")
    assert headers["content-disposition"] == 'attachment; filename="n%C3%A4h.eml"'
    assert body == b"eml"


def test_what_is_not_there_is_not_found(live: Live) -> None:
    for path in ("picture/x", "mail?scheme=blue", "mail?pictures=some", "mail?tier=free", "preview.html", "nothing"):
        assert ask(live, f"/{TOKEN}/{path}")[0] == 404


def test_a_saved_file_is_news(tmp_path: Path) -> None:
    room = Room(tmp_path)
    with serving(room) as live:
        port = int(live.url.split(":")[2].partition("/")[0])
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        connection.request("GET", f"/{TOKEN}/events")
        answer = connection.getresponse()
        assert answer.readline() == b"data: 0\n"
        answer.readline()
        for number in range(1, 200):  # the watch begins a moment after the page can be asked for
            (tmp_path / "post.md").write_text(str(number))
            if room.refreshed:
                break
            threading.Event().wait(0.05)
        assert answer.readline().startswith(b"data: ")
        answer.readline()
        live.stop()
        assert b"event: over" in answer.read()
        connection.close()


def test_without_watches_to_be_had_it_looks_at_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import watchfiles

    real = watchfiles.awatch
    asked: list[object] = []

    def awatch(*folders: Path, **options: object) -> object:
        asked.append(options["force_polling"])
        if not options["force_polling"]:
            raise OSError("OS file watch limit reached")
        return real(*folders, **options)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(watchfiles, "awatch", awatch)
    room = Room(tmp_path)
    with serving(room):
        began = room.refreshed
        for number in range(1, 200):
            (tmp_path / "post.md").write_text("x" * number)
            if room.refreshed > began + 1:
                break
            threading.Event().wait(0.05)
        assert room.refreshed > began + 1
    assert asked[:2] == [False, True]


def test_a_fault_of_the_program_ends_the_preview_and_is_told(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.fault = KeyError("a fault")
    live = Live(room, token=TOKEN)
    told: list[Exception] = []

    def serve() -> None:
        try:
            live.serve(ready.set)
        except KeyError as error:
            told.append(error)

    ready = threading.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(10)
    assert ask(live, f"/{TOKEN}/look")[0] == 500
    thread.join(10)
    assert told == [room.fault]


def test_a_port_that_is_taken(live: Live, tmp_path: Path) -> None:
    port = int(live.url.split(":")[2].partition("/")[0])
    with pytest.raises(OSError, match="use"):
        Live(Room(tmp_path), token=TOKEN, port=port)
