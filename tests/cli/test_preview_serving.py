"""`newsletter preview POST` as a process: what it prints, what it opens, how it ends; no browser is needed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import POST, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.folder import Folder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(bare: Folder) -> Folder:
    bare.write("newsletter.toml", SETTINGS.format(port=1))
    bare.write("post.md", POST)
    return bare


@contextmanager
def started(folder: Folder, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}}
    with subprocess.Popen(
        [sys.executable, "-m", "newsletter_cli", "preview", "post.md", *options],
        cwd=folder.path,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline(), process.stdout.readline()]


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_display_it_prints_the_address_and_serves_until_it_is_told(
    folder: Folder, number: signal.Signals
) -> None:
    before = folder.tree()
    with started(folder) as process:
        said = lines(process)
        found = re.fullmatch(r"The preview of post\.md is at: (http://127\.0\.0\.1:\d+/[\w-]{22}/)\n", said[0])
        assert found, said
        assert said[1] == "It follows what you save. Ctrl-C ends it.\n"
        with urllib.request.urlopen(found[1], timeout=60) as answer:
            assert answer.status == 200
        process.send_signal(number)
        assert ended(process) == (0, "", "")
    assert folder.tree() == before


def test_a_connection_that_waits_for_news_does_not_hold_it_up(folder: Folder) -> None:
    with started(folder) as process:
        address = lines(process)[0].rpartition(" ")[2].strip()
        with urllib.request.urlopen(f"{address}events", timeout=60) as news:
            assert news.readline() == b"data: 0\n"
            process.send_signal(signal.SIGINT)
            assert ended(process) == (0, "", "")


def test_where_there_is_a_display_the_browser_is_opened(folder: Folder) -> None:
    browser = folder.path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{folder.path}/opened"\n')
    browser.chmod(0o755)
    shown = {"DISPLAY": ":9", "BROWSER": str(browser)}
    with started(folder, "--tier", "free", **shown) as process:
        said = lines(process)[0]
        assert said.startswith("The preview of post.md is open in your browser: http://127.0.0.1:")
        assert (folder.path / "opened").read_text().strip() == said.rpartition(" ")[2].strip()
        assert said.endswith("/#tier=free\n")
    (folder.path / "opened").unlink()
    with started(folder, "--no-open", **shown) as process:
        assert " is at: http" in lines(process)[0]
    assert not (folder.path / "opened").exists()


def test_warnings_stand_on_standard_error_at_the_start(folder: Folder) -> None:
    folder.write("post.md", POST + "\n![](missing.png)\n")
    with started(folder) as process:
        lines(process)
        process.send_signal(signal.SIGINT)
        code, _, err = ended(process)
    assert code == 0
    assert "error: post.md:9: the image missing.png: there is no such file" in err


def test_what_cannot_be_shown_is_refused_at_the_start(folder: Folder) -> None:
    assert folder("preview", "missing.md").code == 3
    folder.write("broken.md", "---\ntitle: [\n---\nx")
    ran = folder("preview", "broken.md")
    assert ran.code == 3
    assert "broken.md:2" in ran.err
    folder.write("subs.csv", "email\nada@example.net\n")
    ran = folder("preview", "post.md", "--list", "subs.csv", "--as", "grace@example.net")
    assert ran.code == 3
    assert "nobody grace@example.net" in ran.err


def test_options_that_do_not_go_together(folder: Folder) -> None:
    assert folder("preview", "post.md", "--format", "text").code == 2
    assert folder("preview", "post.md", "--tier", "gold").code == 2
    assert folder("preview", "post.md", "--port", "70000").code == 2


def test_a_port_that_is_taken(folder: Folder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = folder("preview", "post.md", "--port", str(port))
    assert ran.code == 3
    assert f"the preview cannot listen on port {port} of 127.0.0.1" in ran.err
