"""`newsletter help`: the help of a command, or the table of exit codes."""

from __future__ import annotations

import typer

from newsletter_cli.cli.exits import MEANING
from newsletter_cli.problems import UsageError


def help_(
    context: typer.Context,
    topic: list[str] = typer.Argument(None, metavar="COMMAND|exit-codes", help="What to explain."),
) -> None:
    """Explain a command, or what the exit codes mean."""
    if topic == ["exit-codes"]:
        for code, meaning in MEANING.items():
            typer.echo(f"{code:>4}  {meaning}")
        return
    found = context.find_root()
    for word in topic or ():
        command = getattr(found.command, "commands", {}).get(word)
        if command is None:
            raise UsageError(f"there is no command {' '.join(topic)!r}; newsletter --help names them all")
        found = typer.Context(command, info_name=word, parent=found)
    typer.echo(found.get_help())
