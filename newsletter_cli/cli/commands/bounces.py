"""`newsletter bounces`: what came back becomes suppressions."""

from __future__ import annotations

from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal


def bounces(
    mailbox: str = typer.Argument(
        "",
        metavar="MAILBOX",
        help="A Maildir, an mbox, a folder of .eml, imaps://user@host/INBOX, a file of a provider's events (JSON), "
        "or - for standard input; default: mailbox under [bounces].",
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be done; change nothing."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Read bounces, complaints and unsubscribe mail into the suppressions. Nothing in the mailbox is changed."""
    from newsletter_cli.jobs import bounces as job

    terminal = Terminal.standard()
    report = job.read(
        setup.workspace(terminal, config=config),
        "" if mailbox == "-" else mailbox,
        data=terminal.stdin.buffer.read() if mailbox == "-" else None,
        dry_run=dry_run,
    )
    if as_json:
        show.json_line(report.as_json(), terminal)
    else:
        show.bounces(report, terminal)
    return Exit.DONE
