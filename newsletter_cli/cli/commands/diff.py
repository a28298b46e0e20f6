"""`newsletter diff`: what readers would see changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal

if TYPE_CHECKING:
    from newsletter_cli.jobs.diff import DiffReport


def diff(
    post: Path = typer.Argument(..., metavar="POST", help="The post, a Markdown file."),
    revision: str = typer.Argument(
        "", metavar="REV", help="A git revision. Default: what was sent; if nothing was, HEAD."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Show what readers would see changed, since a git revision or since what was sent."""
    from newsletter_cli.jobs.diff import diff as job

    terminal = Terminal.standard()
    report = job(setup.workspace(terminal, near=post, config=config), post, revision)
    if as_json:
        show.json_line(report.as_json(), terminal)
    else:
        _show(report, terminal)
    return Exit.DONE


def _show(report: DiffReport, terminal: Terminal) -> None:
    if not report.changes:
        terminal.say(f"{report.post}: readers would see the same as {report.since.removeprefix('as ')}")
    for change in report.changes:
        if len(report.changes) > 1:
            terminal.heading(f"{change.version.value} version")
        for line in change.lines:
            terminal.changed(line)
        if change.markup:
            terminal.say(f"{report.post}: the same words, in other markup or styles than {report.since}")
