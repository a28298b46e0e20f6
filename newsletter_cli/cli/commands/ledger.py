"""`newsletter ledger`: the record as text, or a copy of it."""

from __future__ import annotations

from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Carry the record of what was sent elsewhere.")

_CONFIG = typer.Option(None, "--config", metavar="FILE", help="Settings from this file.")


@app.command("export")
def export(
    output: Path = typer.Argument(..., metavar="FILE", help="Where to write it; - is standard output."),
    config: Path = _CONFIG,
) -> int:
    """Write the record and the suppressions as sorted text of keyed hashes: no address stands in it."""
    from newsletter_cli.jobs import outputs, record

    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, config=config)
    place = outputs.claim(output, workspace.settings, begins=record.EXPORT_BEGINS)
    show.write(record.export(workspace), place, terminal)
    return Exit.DONE


@app.command("import")
def import_(
    path: Path = typer.Argument(..., metavar="FILE", help="An export; the keys that belong to it must be here."),
    config: Path = _CONFIG,
) -> int:
    """Fill an empty ledger with an export, so that a new machine goes on where the last one stopped."""
    from newsletter_cli.jobs import record

    terminal = Terminal.standard()
    terminal.say(record.import_(setup.workspace(terminal, config=config), path))
    return Exit.DONE


@app.command("backup")
def backup(
    path: Path = typer.Argument(..., metavar="FILE", help="Where to write the copy; the keys go beside it."),
    config: Path = _CONFIG,
) -> int:
    """Write a safe copy of the ledger with its keys, also while a sender is at work."""
    from newsletter_cli.jobs import record

    terminal = Terminal.standard()
    terminal.say(record.backup(setup.workspace(terminal, config=config), path))
    return Exit.DONE
