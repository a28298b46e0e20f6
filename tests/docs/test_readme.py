"""The README's five-minute path, run word for word."""

from __future__ import annotations

import os
import re
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.__main__ import main
from newsletter_cli.web.inbox import HOST, Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PATH_HEADING = "## From a Substack export to the first real mail"
SUBSTACK = (
    "email,active_subscription,expiry,email_disabled,prefer_digests,created_at\n"
    "ada@example.com,true,,false,false,2024-01-01T00:00:00.000Z\n"
    "grace@example.com,false,,true,false,2024-01-01T00:00:00.000Z\n"
)


def commands() -> list[str]:
    """The lines of the shell blocks of the path, without comments, with today in place of the README's day."""
    part = (ROOT / "README.md").read_text(encoding="utf-8").partition(PATH_HEADING)[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", part, re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return [re.sub(r"\d{4}-\d\d-\d\d(?=-what)", today, line) for line in lines if line]


def run(line: str) -> int:
    words = shlex.split(line, comments=True)
    assert words[0] == "newsletter"
    if words[1] == "preview":  # with -o it opens no browser
        words += ["-o", "preview.html"]
    return main(words[1:])


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """A machine with nothing but a mail server on it, and nobody at the keyboard."""
    monkeypatch.chdir(tmp_path)
    with Inbox() as inbox, Path(os.devnull).open() as nothing:
        for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
            monkeypatch.delenv(name)
        for name, value in {
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path / ".config"),
            "TZ": "UTC",
            "NEWSLETTER_SMTP_HOST": HOST,
            "NEWSLETTER_SMTP_PORT": str(inbox.port),
            "NEWSLETTER_SMTP_SECURITY": "none",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdin", nothing)
        yield inbox


def test_every_step_does_what_it_says(
    tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: dict[str, str] = {}
    folder = tmp_path
    for line in commands():
        if line.startswith("cd "):
            folder = tmp_path / line.removeprefix("cd ")
            monkeypatch.chdir(folder)
            settings = (folder / "newsletter.toml").read_text(encoding="utf-8")
            # The inbox asks for no login.
            (folder / "newsletter.toml").write_text(re.sub(r"(?m)^username = .*\n", "", settings), encoding="utf-8")
            (folder / "email_list.letter.csv").write_text(SUBSTACK, encoding="utf-8")
            continue
        code = run(line)
        out, err = capsys.readouterr()
        assert code == 0, f"{line}\n{out}{err}"
        said[line.split("#")[0].strip()] = out
        if " new " in line:
            (draft,) = folder.glob("posts/*-what-the-tide-brought-in.md")
            draft.write_text(draft.read_text(encoding="utf-8").replace("draft: true\n", ""), encoding="utf-8")
    again = run(commands()[-1])
    assert [mail.rcpt_to for mail in inbox.mails] == [("you@example.com",), ("ada@example.com",)]
    assert "Substack" in said["newsletter list check email_list.letter.csv"]
    assert "email_sent_at: " in draft.read_text(encoding="utf-8")
    assert (folder / "preview.html").stat().st_size > 1000
    assert again == 0
    assert "nothing to do" in capsys.readouterr().out
