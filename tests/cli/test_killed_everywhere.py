"""SIGKILL at each step of a command, then the command again: as if nothing had happened, and nobody gets two."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_killed import prepare
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.folder import Folder

pytestmark = pytest.mark.slow

SEND = ("send", "post.md", "--list", "subs.csv")
PEOPLE = [f"r{number}@example.net" for number in range(6)]
POINTS = 16 if os.environ.get("CI") else 10


def deadly(folder: Folder, step: int, *command: str) -> int:
    """Run a command that dies at a step; gives how many it took, 0 where it died."""
    told = folder.path.parent / "steps"
    told.unlink(missing_ok=True)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.cli.deadly", str(step), *command],
        cwd=folder.path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "STEPS": str(told)},
        capture_output=True,
        text=True,
        timeout=120,  # for a hang
        check=False,
    )
    assert (ended.returncode == -signal.SIGKILL) == (not told.exists()), ended.stderr
    return int(told.read_text()) if told.exists() else 0


def points(folder: Folder, server: ScriptedServer, *command: str) -> Iterator[int]:
    """Steps spread over the command, the first and the last among them; before each the folder is as it was."""
    kept = folder.path.parent / "kept"
    shutil.copytree(folder.path, kept)
    steps = deadly(folder, 0, *command)
    assert steps > POINTS
    for point in range(POINTS):
        for path in folder.path.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(kept, folder.path, dirs_exist_ok=True)
        server.mails.clear()
        step = 1 + point * (steps - 1) // (POINTS - 1)
        deadly(folder, step, *command)
        yield step


def test_send(bare: Folder) -> None:
    with ScriptedServer() as server:
        prepare(bare, server, len(PEOPLE))
        bare.write("newsletter.toml", bare.read("newsletter.toml").replace("connections = 2", "connections = 1"))
        for step in points(bare, server, *SEND):
            ran = bare(*SEND)
            assert ran.code in {0, 4}, (step, ran.err)
            said = bare("status", "post.md", "--json").json
            assert (said["sent"] + said["unknown"], said["left"]) == (len(PEOPLE), 0), step
            assert said["unknown"] <= 1, step
            assert bare.read("post.md").count("email_sent_at:") == 1, step
            assert "email_started_at" not in bare.read("post.md"), step
            assert bare(*SEND).code == 0
            counted = Counter(mail.rcpt_to for mail in server.mails)
            assert max(counted.values()) == 1, step
            assert len(counted) >= len(PEOPLE) - said["unknown"], step


def test_cancel(bare: Folder) -> None:
    with ScriptedServer() as server:
        prepare(bare, server, len(PEOPLE))
        assert bare(*SEND, "--limit", "2").code == 75
        for step in points(bare, server, "cancel", "post.md"):
            # Where the word was not given yet it is given again; where it was, it says that it was.
            assert bare("cancel", "post.md").code in {0, 3}, step
            assert bare(*SEND).code == 0, step
            said = bare("status", "post.md", "--json").json
            assert (said["state"], said["cancelled"], said["left"]) == ("cancelled", 4, 0), step
            assert "email_sent_at:" in bare.read("post.md"), step
            assert server.mails == [], step


def test_import(bare: Folder) -> None:
    with ScriptedServer() as server:
        prepare(bare, server, len(PEOPLE))
        assert bare(*SEND, "--limit", "2").code == 75
        assert bare("ledger", "export", "record.txt").code == 0
        for path in (bare.path / ".newsletter").glob("ledger*"):
            path.unlink()
        for step in points(bare, server, "ledger", "import", "record.txt"):
            bare("ledger", "import", "record.txt")  # or it is in already
            assert bare(*SEND).code == 0, step
            assert sorted(server.accepted) == PEOPLE[2:], step
            assert bare("status", "post.md", "--json").json["sent"] == len(PEOPLE), step


def test_adopt(bare: Folder) -> None:
    with ScriptedServer() as server:
        prepare(bare, server, len(PEOPLE))
        bare.write("7.kill.delivers.csv", "email\n" + "".join(f"{email}\n" for email in PEOPLE[:2]))
        command = ("adopt", "post.md", "--delivers", "7.kill.delivers.csv")
        for step in points(bare, server, *command):
            assert bare(*command).code == 0, step
            assert bare(*SEND).code == 0, step
            assert server.mails == [], step
            assert bare(*SEND, "--again").code == 0, step
            assert sorted(server.accepted) == PEOPLE[2:], step
