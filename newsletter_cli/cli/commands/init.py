"""`newsletter init`: a folder that works at once."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path

import typer

from newsletter_cli.cli.terminal import Terminal


class ProviderName(StrEnum):
    """The providers whose host and limits are known (jobs.init.PROVIDERS)."""

    SES = "ses"
    POSTMARK = "postmark"
    MAILGUN = "mailgun"
    FASTMAIL = "fastmail"
    GMAIL = "gmail"


def init(
    folder: Path = typer.Argument(Path(), metavar="DIR", help="The folder to make it in; default: this one."),
    provider: ProviderName = typer.Option(None, "--provider", help="Write that provider's host, port and limits."),
) -> None:
    """Make a folder that works at once: settings, a post, a list. Never overwrites."""
    from newsletter_cli.jobs.init import init as make, machine_zone

    terminal = Terminal.standard()
    made = make(
        folder,
        provider=provider,
        zone_name=machine_zone(terminal.environment, Path("/etc/localtime")),
        random=secrets.token_bytes(16),
    )
    for path in made.files:
        terminal.say(f"made {path}")
    for note in made.notes:
        terminal.say(note)
    terminal.say()
    if made.folder.resolve() != Path.cwd():
        terminal.say(f"  cd {made.folder}")
    post = made.post.relative_to(made.folder)
    terminal.say(f"  newsletter preview {post}")
    terminal.say(f"  newsletter send {post} --list subscribers.csv --dry-run")
    terminal.say()
    terminal.say(
        "Before the first real mail: from, host and the list are placeholders; newsletter check names what is."
    )
