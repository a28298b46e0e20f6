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


class OneClick(StrEnum):
    """The scripts for a web server that is not the sender's."""

    PHP = "php"


def init(
    folder: Path = typer.Argument(Path(), metavar="DIR", help="The folder to make it in; default: this one."),
    provider: ProviderName = typer.Option(None, "--provider", help="Write that provider's host, port and limits."),
    one_click: OneClick = typer.Option(
        None, "--one-click", help="Add a script for one-click unsubscribe on a web host."
    ),
) -> None:
    """Make a folder that works at once: settings, a post, a list. Never overwrites."""
    from newsletter_cli.jobs import init as job

    terminal = Terminal.standard()
    script = None if one_click is None else job.php(job.name_of(folder), secrets.token_bytes(16))
    if script is not None and job.is_newsletter(folder):
        for path in job.add_script(folder, script):
            terminal.say(f"made {path}")
        for note in script.notes:
            terminal.say(note)
        return
    made = job.init(
        folder,
        script=script,
        provider=provider,
        zone_name=job.machine_zone(terminal.environment, Path("/etc/localtime")),
        random=secrets.token_bytes(16),
    )
    for path in made.files:
        terminal.say(f"made {path}")
    for note in (*made.notes, *(script.notes if script else ())):
        terminal.say(note)
    terminal.say()
    if made.folder.resolve() != Path.cwd():
        terminal.say(f"  cd {made.folder}")
    post = made.post.relative_to(made.folder)
    terminal.say(f"  newsletter preview {post}")
    terminal.say(f"  newsletter send {post} --list subscribers.csv --dry-run")
    terminal.say()
    terminal.say(
        "Before the first real mail: set from, postal_address and [smtp], and bring your list; "
        "newsletter doctor names what is left to do."
    )
