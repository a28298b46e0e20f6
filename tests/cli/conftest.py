"""A newsletter folder with a real SMTP server behind it, and the command line to try on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.web.inbox import Inbox
from tests.cli.folder import LIST, POST, SETTINGS, Folder

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Folder]:
    """An empty folder, with no settings of the machine's user in sight."""
    for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    here = tmp_path / "letter"
    here.mkdir()
    monkeypatch.chdir(here)
    # No terminal: nothing is asked.
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield Folder(here, capsys)


@pytest.fixture
def letter(bare: Folder) -> Iterator[Folder]:
    """A folder with settings, a post and a list of five, and a server that takes every mail."""
    with Inbox() as inbox:
        bare.inbox = inbox
        bare.write("newsletter.toml", SETTINGS.format(port=inbox.port))
        bare.write("post.md", POST)
        bare.write("subs.csv", LIST)
        yield bare
