"""`newsletter serve` as a process of its own, and a way to ask it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE_CLICK = {"Content-Type": "application/x-www-form-urlencoded"}
FORM = b"List-Unsubscribe=One-Click"
LINK = re.compile(r"https?://[^\s\"<>)]+/u/([a-z2-7]{48})")


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Serving:
    """The server; `log` is its access log so far."""

    url: str
    process: subprocess.Popen[str]
    log_file: Path

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Said:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Said(answer.status, found, answer.read().decode(errors="replace"))
        finally:
            connection.close()

    def leave(self, token: str) -> Said:
        return self.ask("POST", f"/u/{token}", FORM, ONE_CLICK)

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]


@contextmanager
def serving(folder: Path, *options: str, stop: signal.Signals = signal.SIGTERM) -> Iterator[Serving]:
    log = folder / "access.log"
    where = () if "--unix-socket" in options else ("--port", "0")
    process = subprocess.Popen(
        [sys.executable, "-m", "newsletter_cli", "serve", *where, "--log", str(log), *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        found = re.search(r"(https?://\S+|unix:\S+)\. ", process.stdout.readline())
        assert found, process.stderr.read()
        yield Serving(found[1], process, log)
    finally:
        process.send_signal(stop)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said
