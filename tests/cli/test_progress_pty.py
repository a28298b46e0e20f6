"""The bar of a sending on a real terminal of 80 columns, by what stands on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

from tests.cli.folder import POST, SETTINGS
from tests.cli.test_progress import screen
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder

COLUMNS = 80
PEOPLE = 60
FACES = [
    Rule("RCPT", "550 5.1.1 no such user", address="r5@"),
    Rule("RCPT", "450 4.7.1 slow down", address="r20@", times=1),
    Rule("dot", drop=True, address="r10@"),
]


def shown(folder: Folder, *command: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; gives its exit code and all that it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "newsletter_cli", *command],
        cwd=folder.path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm", "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    try:
        while data := os.read(ours, 65536):
            written += data
    except OSError:  # the other end is closed (EIO)
        pass
    os.close(ours)
    return process.wait(), written.decode()


def test_a_bar_with_figures_and_what_it_waits_for_and_nothing_of_it_at_the_end(bare: Folder) -> None:
    with ScriptedServer(FACES, latency_s=0.005) as server:
        settings = SETTINGS.format(port=server.port).replace('"10ms", "20ms"', '"1s"')
        bare.write("newsletter.toml", settings + 'rate = ["30/s"]\nconnections = 2\n')
        bare.write("post.md", POST)
        bare.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(PEOPLE)))
        code, written = shown(bare, "send", "post.md", "--list", "subs.csv", "--yes")
    assert code == 4, written
    pictures = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", part) for part in written.split("\x1b[2K")]
    bars = [picture for picture in pictures if "━" in picture]
    assert len(bars) >= 5
    assert all(len(line) <= COLUMNS for picture in bars for line in re.split(r"[\r\n]+", picture))
    assert all(re.search(r"[━╸╺]? +\d+/60 +\d+%", picture) for picture in bars)
    figures = re.compile(r"sent \d+, deferred [01], failed [01], unknown [01]; [\d.]+/s of [\d.]+/s(, \w+ left)?")
    assert all(figures.search(picture) for picture in bars)
    assert any(" left" in picture for picture in bars)
    slowed = re.compile(r"the server asked to slow down \(450 4\.7\.1 slow down\): [\d.]+/s until \d\d:\d\d:\d\d")
    assert slowed.search(re.sub(r"\s+", " ", "".join(pictures)))
    # What stays on the screen is the report.
    stays = screen(written)
    assert not [line for line in stays if "━" in line or "/s of" in line]
    assert stays[-1] == "post.md: sent 58, failed 1, unknown 1; 60 in all"
