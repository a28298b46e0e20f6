"""`newsletter images`: what belongs to the pictures of posts."""

from __future__ import annotations

from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import errors

app = typer.Typer(
    help="The pictures of posts.", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.callback()
def images() -> None:
    """The pictures of posts."""


@app.command("export")
def export(
    folder: Path = typer.Argument(..., metavar="DIR", help="Where to write them; made where it is missing."),
    posts: list[Path] = typer.Argument(None, metavar="POST", help="Of these posts alone. Default: all."),
    as_json: bool = typer.Option(False, "--json", help="Print what was written as JSON."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Write the image files that link mode expects to be published at images.base_url."""
    from newsletter_cli.jobs import images as job

    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, near=posts[0] if posts else None, config=config)
    report = job.export(workspace, folder, posts or job.all_posts(workspace))
    terminal.problems(report.problems)
    if as_json:
        show.json_line(report.as_json(), terminal)
    else:
        for name in report.names:
            terminal.say(name)
        count = len(report.names)
        terminal.say(
            f"{folder}: {count} image{'' if count == 1 else 's'}, {report.octets / 1000:.0f} kB; {report.fresh} written"
        )
    return Exit.REFUSED if errors(report.problems) else Exit.DONE
