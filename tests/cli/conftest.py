"""A newsletter folder with a real SMTP server behind it, and the command line to try on it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.__main__ import main
from newsletter_cli.web.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

SETTINGS = """\
[newsletter]
id = "letter"
name = "The Letter"
from = "The Letter <letter@example.com>"
postal_address = "1 Main St, 12345 Town"
timezone = "UTC"

[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
retry_after = ["10ms", "20ms"]
"""

POST = """\
---
title: "Hello, readers"
subtitle: "A first letter"
date: 2024-01-02
post_id: 1001.hello
---
It\\'s the first letter. [A link](https://example.com/).
"""

LIST = "email,first_name\n" + "".join(f"reader{n}@example.net,Reader {n}\n" for n in range(1, 6))


@dataclass(frozen=True)
class Ran:
    """What one command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Folder:
    """A newsletter's folder; `run` is the command line in it."""

    path: Path
    capture: pytest.CaptureFixture[str]
    inbox: Inbox | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str) -> Ran:
        self.capture.readouterr()
        code = main([str(argument) for argument in arguments])
        said = self.capture.readouterr()
        assert "Traceback" not in said.err
        return Ran(int(code), said.out, said.err)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> str:
        return (self.path / name).read_text()

    @property
    def mails(self) -> list[EmailMessage]:
        assert self.inbox is not None
        return [message_from_bytes(mail.data, policy=policy.default) for mail in self.inbox.mails]

    @staticmethod
    def text(mail: EmailMessage) -> str:
        body = mail.get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    @property
    def mailed(self) -> list[str]:
        assert self.inbox is not None
        return sorted(address for mail in self.inbox.mails for address in mail.rcpt_to)

    def tree(self) -> dict[str, bytes]:
        return {str(p.relative_to(self.path)): p.read_bytes() for p in sorted(self.path.rglob("*")) if p.is_file()}


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
