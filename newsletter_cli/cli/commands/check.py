"""`newsletter check`: what would stop or hurt a send."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit, gravest
from newsletter_cli.cli.terminal import Terminal

if TYPE_CHECKING:
    from newsletter_cli.jobs.gather import ListSource


class CheckFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def check(
    posts: list[Path] = typer.Argument(..., metavar="POST", help="The post, a Markdown file; or several."),
    lists: list[Path] = typer.Option(None, "--list", "-l", metavar="CSV", help="A list; may be given several times."),
    online: bool = typer.Option(False, "--online", help="Ask the web for each link and each linked picture."),
    form: CheckFormat = typer.Option(CheckFormat.TEXT, "--format", help="text, json, or github for its annotations."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Name everything that would stop or hurt a send, each with file and line. Exit 3 if something would stop it."""
    terminal = Terminal.standard()
    sources = setup.sources(lists, terminal)
    found = [_one(post, sources, terminal, online=online, form=form, config=config) for post in posts]
    return gravest(found)


def _one(
    post: Path, lists: Sequence[ListSource], terminal: Terminal, *, online: bool, form: CheckFormat, config: Path | None
) -> Exit:
    """Check one post and show what was found."""
    from newsletter_cli.jobs.check import check as job

    workspace = setup.workspace(terminal, near=post, config=config)
    report = job(workspace, post, lists=lists, online=online)
    match form:
        case CheckFormat.TEXT:
            show.checked(report, terminal)
        case CheckFormat.JSON:
            show.json_line(report.as_json(), terminal)
        case CheckFormat.GITHUB:
            show.github(report, terminal)
    return Exit.REFUSED if report.refused else Exit.DONE
