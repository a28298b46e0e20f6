"""A newsletter folder to try the command line on: what tests of this folder share."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from newsletter_cli.__main__ import main

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    import pytest

    from newsletter_cli.web.inbox import Inbox

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

SENT_LINE = re.compile(r"email_sent_at: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ALL = [f"reader{n}@example.net" for n in range(1, 6)]  # whom LIST names
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
