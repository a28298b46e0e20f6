"""`newsletter preview`: the mail in a browser, or written to a file."""

from __future__ import annotations

from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal


def preview(
    post: Path = typer.Argument(..., metavar="POST", help="The post, a Markdown file."),
    output: Path = typer.Option(None, "-o", "--output", metavar="FILE", help="Write it here; - is standard output."),
    form: str = typer.Option(None, "--format", metavar="html|text|eml", help="Default: by FILE's ending."),
    as_address: str = typer.Option("", "--as", metavar="ADDRESS", help="The mail of this person of the list."),
    lists: list[Path] = typer.Option(None, "--list", "-l", metavar="CSV", help="The list that --as looks in."),
    tier: str = typer.Option("", "--tier", metavar="free|paid", help="Which side of the paywall."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Show exactly what would be mailed: in a browser, or with -o as a file."""
    from newsletter_cli.jobs import preview as job

    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, near=post, config=config)
    wanted = job.format_of(str(output), form) if output is not None else None
    made = job.preview(workspace, post, as_address=as_address, lists=setup.sources(lists, terminal), tier=tier)
    terminal.problems(made.problems)
    if wanted is None:
        from newsletter_cli.jobs import showroom

        return showroom.open_page(made, terminal.environment, say=terminal.say)
    show.write(made.part(wanted), output, terminal)
    return Exit.DONE
