"""SIGKILL at every stage and at random instants, then another run: nobody twice, nobody lost, unknown fates named.

The sender is a real process; the server records every final dot. A mail whose dot the server has seen is never sent
again, and everyone gets one, or is named as of unknown fate.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder

CONNECTIONS = 2
# For a hang: a loaded machine is slow, and nothing is measured here.
PATIENCE_S = 120
SETTINGS = """\
[newsletter]
id = "letter"
name = "The Letter"
from = "letter@example.com"
postal_address = "1 Main St"
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
"""


def prepare(folder: Folder, server: ScriptedServer, people: int) -> None:
    folder.write("newsletter.toml", SETTINGS.format(port=server.port, connections=CONNECTIONS))
    folder.write("post.md", "---\ntitle: Hello\npost_id: 7.kill\n---\nHello\n")
    folder.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(people)))


def start(folder: Folder, *options: str, command: str = "send post.md --list subs.csv") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "newsletter_cli", *command.split(), *options],
        cwd=folder.path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def await_stage(server: ScriptedServer, stage: str, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len(server.at(stage)) < count:
        assert process.poll() is None, "the sender ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def settle(folder: Folder, server: ScriptedServer, people: int, kills: int) -> dict[str, int]:
    """Run until the campaign is over, and hold the promises."""
    server.rules.clear()
    codes = []
    for _ in range(5):
        ran = folder("send", "post.md", "--list", "subs.csv")
        codes.append(ran.code)
        if "email_sent_at" in folder.read("post.md"):
            break
    said = folder("status", "post.md", "--json").json
    counted = Counter(mail.rcpt_to for mail in server.mails)
    assert [one for one, times in counted.items() if times > 1] == []
    assert said["left"] == 0, (codes, ran.out, ran.err)
    assert said["sent"] + said["unknown"] == people
    assert said["unknown"] <= kills * CONNECTIONS
    # Lost is only who is named: everyone else's dot was seen.
    assert len(counted) >= people - said["unknown"]
    assert (4 in codes) == (said["unknown"] > 0)
    return {key: said[key] for key in ("sent", "unknown")}


@pytest.mark.parametrize(
    ("stage", "unknown"),
    [("greeting", 0), ("EHLO", 0), ("MAIL", None), ("RCPT", None), ("DATA", None), ("body", 1), ("dot", 1)],
)
def test_killed_at_a_stage(bare: Folder, stage: str, unknown: int | None) -> None:
    slow = Rule(stage, delay_s=30.0, turn=None if stage in {"greeting", "EHLO"} else 2)
    with ScriptedServer([slow]) as server:
        prepare(bare, server, 20)
        process = start(bare)
        # The body is not a moment of its own: the 354 before it is.
        await_stage(server, "DATA" if stage == "body" else stage, 1 if stage in {"greeting", "EHLO"} else 3, process)
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = settle(bare, server, 20, kills=1)
    if unknown is not None:
        assert found["unknown"] >= min(unknown, 1) if unknown else found["unknown"] == 0


def test_killed_again_and_again_at_random_instants(bare: Folder) -> None:
    people, kills, most = (400, 0, 8) if os.environ.get("CI") else (200, 0, 4)  # more: python -m tests.servers.killing
    dice = random.Random(20261124)  # the same instants in each run, as far as a scheduler allows
    with ScriptedServer(latency_s=0.002) as server:
        prepare(bare, server, people)
        while kills < most and len(server.mails) < people - 40:
            process = start(bare)
            before = len(server.mails)
            deadline = time.monotonic() + PATIENCE_S
            wanted = before + dice.randrange(1, 60)
            while len(server.mails) < wanted and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        settle(bare, server, people, kills)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_what_is_handed_over_and_resumes(bare: Folder, number: signal.Signals) -> None:
    with ScriptedServer(latency_s=0.01) as server:
        prepare(bare, server, 100)
        process = start(bare)
        await_stage(server, "dot", 5, process)
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE_S) == 128 + number
        said = bare("status", "post.md", "--json").json
        assert said["unknown"] == 0
        assert said["sent"] == len(server.mails) < 100
        assert settle(bare, server, 100, kills=0) == {"sent": 100, "unknown": 0}


def test_the_second_of_two_runs_is_75(bare: Folder) -> None:
    with ScriptedServer([Rule("dot", delay_s=30.0, turn=2)]) as server:
        prepare(bare, server, 20)
        process = start(bare)
        await_stage(server, "dot", 3, process)
        second = bare("send", "post.md", "--list", "subs.csv")
        assert second.code == 75
        assert second.err.strip()
        assert str(process.pid) in second.err
        # None of these needs the lock.
        assert bare("status").code == 0
        assert bare("suppress", "add", "r19@example.net").code == 0
        process.send_signal(signal.SIGKILL)
        process.wait()
        server.rules.clear()
        bare("send", "post.md", "--list", "subs.csv")
        assert "r19@example.net" not in {mail.rcpt_to for mail in server.mails}
