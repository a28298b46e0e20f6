"""`newsletter adopt`: posts that were mailed elsewhere."""

from __future__ import annotations

from pathlib import Path

import typer

from newsletter_cli.cli import setup
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal


def adopt(
    where: Path = typer.Argument(..., metavar="POST|DIR", help="A post, or a folder of posts."),
    delivers: Path = typer.Option(
        None, "--delivers", metavar="FILE|DIR|ZIP", help="Who got what: Substack's delivers.csv, or its whole export."
    ),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Record posts as mailed elsewhere, so that nothing mails them again."""
    from newsletter_cli.jobs.adopt import adopt as job

    terminal = Terminal.standard()
    report = job(setup.workspace(terminal, near=where, config=config), where, record=delivers)
    terminal.problems(report.problems)
    for line in report.said:
        terminal.say(line)
    return Exit.REFUSED if report.refused else Exit.DONE
