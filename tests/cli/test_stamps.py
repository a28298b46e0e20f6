"""The post's line when things go wrong around it: the ledger knows, the message says so, the next run writes it."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import POST, SETTINGS
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.folder import Folder


def at_the_dot(server: ScriptedServer, act: Callable[[], object], stage: str = "dot") -> threading.Thread:
    """Do something while a mail is under way."""

    def wait() -> None:
        while not server.at(stage):
            threading.Event().wait(0.002)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def prepare(folder: Folder, server: ScriptedServer, text: bytes | str = POST) -> Path:
    folder.write("newsletter.toml", SETTINGS.format(port=server.port) + "connections = 1\n")
    folder.write("subs.csv", "email\na@example.net\nb@example.net\n")
    return folder.write("post.md", text)


def test_a_post_that_becomes_read_only_during_the_run(bare: Folder) -> None:
    with ScriptedServer([Rule("dot", delay_s=0.3)]) as server:
        post = prepare(bare, server)
        thread = at_the_dot(server, lambda: post.chmod(stat.S_IRUSR))
        ran = bare("send", "post.md", "--list", "subs.csv")
        thread.join()
        assert ran.code == 0
        assert "email_sent_at could not be written" in ran.err
        assert "email_sent_at" not in bare.read("post.md")
        assert bare("status", "post.md", "--json").json["state"] == "finished"
        post.chmod(0o640)
        again = bare("send", "post.md", "--list", "subs.csv")
        assert again.code == 0
        assert "email_sent_at:" in bare.read("post.md")
        assert stat.S_IMODE(post.stat().st_mode) == 0o640
        assert len(server.mails) == 2


ANOTHER = POST.replace("1001.hello", "2002.other").replace("Hello, readers", "Another").replace("first", "other")


@pytest.mark.parametrize("another", [ANOTHER, ANOTHER.replace("post_id: 2002.other\n", "").replace("2024", "2023")])
def test_another_post_put_in_its_place_during_the_run_is_not_marked(bare: Folder, another: str) -> None:
    """It would never be mailed."""
    with ScriptedServer([Rule("dot", delay_s=0.3)]) as server:
        post = prepare(bare, server)
        thread = at_the_dot(server, lambda: post.write_text(another))
        ran = bare("send", "post.md", "--list", "subs.csv")
        thread.join()
        assert ran.code == 0
        assert "email_sent_at could not be written: another post was put in its place meanwhile" in ran.err
        assert bare.read("post.md") == another
        refused = bare("send", "post.md", "--list", "subs.csv")
        assert refused.code == 3
        assert "'Hello, readers' was mailed; now another one stands here" in refused.err
        # Each in a file of its own: the one is marked, the other is mailed.
        post.rename(bare.path / "another.md")
        post.write_text(POST)
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert "email_sent_at:" in bare.read("post.md")
        assert len(server.mails) == 2
        assert bare("send", "another.md", "--list", "subs.csv").code == 0
        assert len(server.mails) == 4


def test_another_post_put_in_its_place_before_the_first_mail_stops_it(bare: Folder) -> None:
    with ScriptedServer([Rule("greeting", delay_s=0.3)]) as server:
        post = prepare(bare, server)
        thread = at_the_dot(server, lambda: post.write_text(ANOTHER), "greeting")
        ran = bare("send", "post.md", "--list", "subs.csv")
        thread.join()
        assert ran.code == 3
        assert "another post was put in its place" in ran.err
        assert (server.mails, bare.read("post.md")) == ([], ANOTHER)
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert len(server.mails) == 2


def test_a_post_edited_during_the_run_keeps_the_edit(bare: Folder) -> None:
    with ScriptedServer([Rule("dot", delay_s=0.3)]) as server:
        post = prepare(bare, server)
        thread = at_the_dot(server, lambda: post.write_text(post.read_text() + "\nAn afterthought.\n"))
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        thread.join()
        text = bare.read("post.md")
        assert "email_sent_at:" in text
        assert text.endswith("An afterthought.\n")
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert len(server.mails) == 2


@pytest.mark.parametrize(
    "text",
    [
        POST.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + POST.encode(),
        POST.encode("utf-16"),
        POST.rstrip("\n").encode(),
        b'+++\ntitle = "T"\ndate = 2024-01-02\n+++\nHello\n',
        b"Title: T\nDate: 2024-01-02\n\nHello\n",
        b"# Only a text\n\nHello\n",
    ],
    ids=["crlf", "bom", "utf-16", "no-newline", "toml", "pelican", "none"],
)
def test_one_line_is_added_whatever_the_file(bare: Folder, text: bytes) -> None:
    with ScriptedServer() as server:
        post = prepare(bare, server, text)
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        after = post.read_bytes()
        sent = "email_sent_at".encode("utf-16-le") if text[:2] == b"\xff\xfe" else b"email_sent_at"
        assert after.count(sent) == 1
        assert len(server.mails) == 2
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert len(server.mails) == 2
        (bare.path / ".newsletter").rename(bare.path / "elsewhere")
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert len(server.mails) == 2


def test_a_symlinked_post_is_stamped_where_it_lies(bare: Folder) -> None:
    with ScriptedServer() as server:
        post = prepare(bare, server)
        target = post.rename(bare.path / "real.txt")
        post.symlink_to(target)
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert post.is_symlink()
        assert "email_sent_at:" in target.read_text()


def test_the_ledger_alone_may_keep_the_record(bare: Folder) -> None:
    with ScriptedServer() as server:
        post = prepare(bare, server)
        settings = bare.read("newsletter.toml")
        bare.write("newsletter.toml", settings + '[run]\nstamp = "ledger"\n')
        before = post.read_bytes()
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert post.read_bytes() == before
        assert len(server.mails) == 2
