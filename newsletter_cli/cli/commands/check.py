"""`newsletter check`: what would stop or hurt a send."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal


class CheckFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def check(
    post: Path = typer.Argument(..., metavar="POST", help="The post, a Markdown file."),
    lists: list[Path] = typer.Option(None, "--list", "-l", metavar="CSV", help="A list; may be given several times."),
    form: CheckFormat = typer.Option(CheckFormat.TEXT, "--format", help="text, json, or github for its annotations."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Name everything that would stop or hurt a send, each with file and line. Exit 3 if something would stop it."""
    from newsletter_cli.jobs.check import check as job

    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, near=post, config=config)
    report = job(workspace, post, lists=setup.sources(lists, terminal))
    match form:
        case CheckFormat.TEXT:
            show.checked(report, terminal)
        case CheckFormat.JSON:
            show.json_line(report.as_json(), terminal)
        case CheckFormat.GITHUB:
            show.github(report, terminal)
    return Exit.REFUSED if report.refused else Exit.DONE
