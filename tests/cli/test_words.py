"""`pause` and `cancel` are obeyed by a running sender within a second, whatever it is doing just then.

The seconds are the server's: from the moment the word was given to the last thing the sender said to it. What a
loaded machine adds is measured meanwhile and granted; nothing else is.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import pytest

from newsletter_cli.ledger.store import Ledger
from tests.cli.test_killed import PATIENCE_S, await_stage, prepare, start
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.cli.folder import Folder

PROMISED_S = 1.0
CODES = {"pause": 75, "cancel": 0}


class Lag:
    """How much later than asked for this machine wakes somebody, at worst, while the test runs."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _measure(self) -> None:
        while True:
            began = time.monotonic()
            if self._over.wait(0.02):
                return
            self.worst_s = max(self.worst_s, time.monotonic() - began - 0.02)

    @property
    def granted_s(self) -> float:
        """Looking at the ledger, its thread, the loop and the server are woken one after the other."""
        return 5 * self.worst_s


@contextmanager
def sender(folder: Folder, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A sender of its own process, which does not outlive the test."""
    process = start(folder, *options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("word", CODES)
def test_a_sender_at_work(bare: Folder, word: str) -> None:
    # A mail takes a connection a fifth of a second: what was claimed before the word would last for several.
    with ScriptedServer(latency_s=0.05) as server, Lag() as lag:
        prepare(bare, server, 400)
        with sender(bare) as process:
            await_stage(server, "dot", 3, process)
            assert bare(word, "post.md").code == 0
            said_at = time.monotonic()
            assert process.wait(timeout=PATIENCE_S) == CODES[word]
        late = [moment.stage for moment in server.moments if moment.at > said_at + PROMISED_S + lag.granted_s]
        assert late == []
        had = len(server.mails)
        if word == "pause":
            assert bare("run", ".", "--list", "subs.csv").code == 0
            assert bare("cancel", "post.md").code == 0
        assert "email_sent_at" in bare.read("post.md")
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert len(server.mails) == len(set(server.accepted)) == had


WAITS = {
    "a batch pause": ('batch_size = 2\nbatch_pause = "1h"\n', ()),
    "a quota": ('rate = ["2/h"]\nmax_wait = "1d"\n', ()),
    "a canary": ("", ("--canary", "2", "--wait", "1h")),
}


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("word", CODES)
def test_a_sender_that_waits(bare: Folder, word: str, wait: str) -> None:
    settings, options = WAITS[wait]
    with ScriptedServer() as server:
        prepare(bare, server, 20)
        bare.write("newsletter.toml", bare.read("newsletter.toml") + settings)
        with sender(bare, *options) as process:
            await_stage(server, "dot", 2, process)
            await_hung_up(server, process)
            # The end of a process takes what its start takes: that of another one is the measure.
            began = time.monotonic()
            assert start(bare, command="status").wait(timeout=PATIENCE_S) == 0
            granted_s = time.monotonic() - began
            assert bare(word, "post.md").code == 0
            said_at = time.monotonic()
            assert process.wait(timeout=PATIENCE_S) == CODES[word]
            assert time.monotonic() - said_at < PROMISED_S + granted_s
        said = bare("status", "post.md", "--json").json
    assert len(server.mails) == said["sent"] == 2
    assert (said["left"], said["cancelled"]) == ((18, 0) if word == "pause" else (0, 18))
    assert ("email_sent_at" in bare.read("post.md")) == (word == "cancel")


def await_hung_up(server: ScriptedServer, process: subprocess.Popen[bytes]) -> None:
    """Until the sender has no connection any more: it waits."""
    deadline = time.monotonic() + PATIENCE_S
    while server.open:
        assert process.poll() is None, "the sender ended"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_cancel_that_was_killed_is_ended_by_the_next_send(letter: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "finish", die)
        letter("cancel", "post.md")
    assert "email_sent_at" not in letter.read("post.md")
    ran = letter("send", "post.md", "--list", "subs.csv")
    assert ran.code == 0, ran.err
    assert "cancelled, ended at" in ran.out
    assert "email_sent_at:" in letter.read("post.md")
    said = letter("status", "post.md", "--json").json
    assert (said["state"], said["sent"], said["cancelled"], said["left"]) == ("cancelled", 2, 3, 0)
    assert len(letter.mailed) == 2


def test_a_sender_that_was_killed_after_a_cancel_leaves_what_it_had_handed_over_unknown(bare: Folder) -> None:
    with ScriptedServer([Rule("dot", delay_s=30.0, turn=2)]) as server:
        prepare(bare, server, 20)
        with sender(bare) as process:
            await_stage(server, "dot", 4, process)  # two connections, each at its second dot
            assert bare("cancel", "post.md").code == 0
        server.rules.clear()
        had = len(server.mails)
        ran = bare("send", "post.md", "--list", "subs.csv")
        assert ran.code == 4, ran.err
        assert ran.err.count("unknown fate") == 2 + 1  # each is named, and what can be done about them
        assert "email_sent_at:" in bare.read("post.md")
        said = bare("status", "post.md", "--json").json
        assert (said["sent"], said["unknown"], said["cancelled"], said["left"]) == (2, 2, 16, 0)
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        assert len(server.mails) == had
