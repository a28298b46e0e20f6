"""`newsletter check`: what it finds, where, in which form, and that it writes nothing and contacts nobody."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.folder import POST, SETTINGS

if TYPE_CHECKING:
    from tests.cli.folder import Folder

ODD = """\
---
title: "Hello, readers"
date: 2024-01-02
preview_txet: Near
---
It's [here](http://a.example.com/) and [here](https://b.example.com/).

{{< youtube abc >}}

<p style="border-radius: 4px; display: flex">Round</p>

![](tide.png)
"""


@pytest.fixture
def folder(bare: Folder) -> Folder:
    bare.write("newsletter.toml", SETTINGS.format(port=1))
    bare.write("post.md", POST)
    return bare


def codes(folder: Folder, *options: str) -> dict[str, tuple[str, int | None]]:
    ran = folder("check", "post.md", "--format", "json", *options)
    return {one["code"]: (one["severity"], one["line"]) for one in ran.json["problems"]}


def test_a_sound_post(folder: Folder) -> None:
    before = folder.tree()
    ran = folder("check", "post.md")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "post.md: nothing stops a send"
    assert "kB as a mail" in ran.out
    assert folder("check", "post.md", "--format", "github").out == ""
    assert folder.tree() == before


def test_everything_at_once_each_with_its_line(folder: Folder) -> None:
    folder.write("post.md", ODD)
    found = codes(folder)
    assert found == {
        "front-matter-key": ("warning", 4),
        "link-http": ("note", 6),
        "link-same-words": ("note", 6),
        "leftover": ("warning", 8),
        "client-support": ("note", 10),
        "style-left-out": ("note", 10),
        "image-alt": ("warning", 12),
        "image-missing": ("error", 12),
    }
    ran = folder("check", "post.md")
    assert ran.code == 3
    assert "error: post.md:12: the image tide.png: there is no such file" in ran.out
    assert "note: post.md:10: border-radius: lacking in Outlook (Windows, Windows Mail)" in ran.out
    assert ran.out.endswith("post.md: `send` would refuse it\n")


def test_marks_for_a_pull_request(folder: Folder) -> None:
    folder.write("a,b:c.md", ODD)
    ran = folder("check", "a,b:c.md", "--format", "github")
    assert ran.code == 3
    lines = ran.out.splitlines()
    assert any(line.startswith("::error file=a%2Cb%3Ac.md,line=12::the image tide.png: there is no") for line in lines)
    assert any(line.startswith("::warning file=a%2Cb%3Ac.md,line=8::readers will see") for line in lines)
    assert any(line.startswith("::notice file=a%2Cb%3Ac.md,line=10::border-radius: lacking") for line in lines)


def test_several_posts_end_with_the_gravest_code(folder: Folder) -> None:
    folder.write("odd.md", ODD)
    ran = folder("check", "post.md", "odd.md", "missing.md", "--format", "json")
    assert ran.code == 3
    assert [line.count('"version": 1') for line in ran.out.splitlines()] == [1, 1, 1]
    assert folder("check", "post.md", "post.md").code == 0


def test_a_long_mail_is_clipped(folder: Folder) -> None:
    folder.write("post.md", POST + "\n\n".join(f"Paragraph {n} " + "of words " * 40 for n in range(300)))
    assert codes(folder)["html-clipped"] == ("warning", None)
    assert "warning: post.md: the HTML has " in folder("check", "post.md").out


def test_another_post_on_the_same_day(folder: Folder) -> None:
    folder.write("other.md", POST.replace("1001.hello", "1002.other"))
    assert codes(folder)["same-day"] == ("note", 4)
    folder.write("other.md", POST.replace("1001.hello", "1002.other").replace("date: 2024-01-02", "date: 2024-01-03"))
    assert "same-day" not in codes(folder)
    folder.write("other.md", POST.replace("post_id: 1001.hello", "draft: true"))
    assert "same-day" not in codes(folder)
    folder.write("other.md", "---\ntitle: [\n---\nx")
    assert "same-day" not in codes(folder)


def test_templates_of_one_s_own(folder: Folder) -> None:
    folder.write("templates/email/_base/masthead.html", "<p style='display: grid'>x</p>")
    ran = folder("check", "post.md")
    assert "note: " in ran.out
    assert "masthead.html:1: display:grid: lacking in Outlook" in ran.out


def test_a_list_of_the_settings_that_is_not_here(folder: Folder) -> None:
    folder.write("newsletter.toml", SETTINGS.format(port=1) + '\n[list]\nfiles = ["subs.csv"]\n')
    ran = folder("check", "post.md")
    assert ran.code == 3
    assert "subs.csv" in ran.out
    assert folder("check", "post.md", "--no-list").code == 0
    assert folder("check", "post.md", "--no-list", "--list", "subs.csv").code == 2
    folder.write("subs.csv", "email\nada@example.net\ngrace@example.net\n")
    assert "post.md: 2 people would get it" in folder("check", "post.md").out
    assert folder("check", "post.md", "--format", "json").json["recipients"] == 2
    assert folder("check", "post.md", "--no-list", "--format", "json").json["recipients"] is None


def test_it_asks_nobody(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert folder("check", "post.md").code == 0


class _Site(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815 - the library's name

    def log_message(self, *_: Any) -> None:
        pass


def test_online_each_link_and_picture_is_asked_for(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = HTTPServer(("127.0.0.1", 0), _Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    folder.write("post.md", f"---\ntitle: T\n---\n[a]({base}/there)\n\n[b]({base}/gone#x)\n\n![p]({base}/p.png)\n")
    try:
        ran = folder("check", "post.md", "--online", "--format", "json")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    found = {(one["line"], one["text"]) for one in ran.json["problems"] if one["code"] == "online"}
    assert found == {
        (6, f"the link {base}/gone#x answers 404"),
        (8, f"the picture {base}/p.png is no picture but text/html"),
    }
    assert ran.code == 0
