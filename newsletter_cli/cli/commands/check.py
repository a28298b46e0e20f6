"""`newsletter check`: what would stop or hurt a send."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit, gravest
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import UsageError

if TYPE_CHECKING:
    from newsletter_cli.jobs.check import CheckReport


class CheckFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def check(
    posts: list[Path] = typer.Argument(..., metavar="POST", help="The post, a Markdown file; or several."),
    lists: list[Path] = typer.Option(None, "--list", "-l", metavar="CSV", help="A list; may be given several times."),
    no_list: bool = typer.Option(False, "--no-list", help="Leave the lists of the settings alone: they are not here."),
    online: bool = typer.Option(False, "--online", help="Ask the web for each link and each linked picture."),
    form: CheckFormat = typer.Option(CheckFormat.TEXT, "--format", help="text, json, or github for its annotations."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Name everything that would stop or hurt a send, each with file and line. Exit 3 if something would stop it."""
    from newsletter_cli.jobs.check import check as job

    if lists and no_list:
        raise UsageError("--list and --no-list: one of the two")
    terminal = Terminal.standard()
    sources = setup.sources(lists, terminal)
    ended = []
    for post in posts:
        workspace = setup.workspace(terminal, near=post, config=config)
        report = job(workspace, post, lists=sources, settings_lists=not no_list, online=online)
        ended.append(_shown(report, form, terminal))
    return gravest(ended)


def _shown(report: CheckReport, form: CheckFormat, terminal: Terminal) -> Exit:
    """Show what was found in one post."""
    match form:
        case CheckFormat.TEXT:
            show.checked(report, terminal)
        case CheckFormat.JSON:
            show.json_line(report.as_json(), terminal)
        case CheckFormat.GITHUB:
            show.github(report, terminal)
    return Exit.REFUSED if report.refused else Exit.DONE
