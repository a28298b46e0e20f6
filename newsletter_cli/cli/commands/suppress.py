"""`newsletter suppress`: the addresses that are never mailed."""

from __future__ import annotations

from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import UsageError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The addresses that are never mailed.")

_ADDRESSES = typer.Argument(..., metavar="ADDRESS...", help="One address or several.")
_CONFIG = typer.Option(None, "--config", metavar="FILE", help="Settings from this file.")


@app.command("add")
def add(
    addresses: list[str] = _ADDRESSES,
    reason: str = typer.Option("", "--reason", metavar="TEXT", help="Why, for the record."),
    here: bool = typer.Option(False, "--this-newsletter", help="In this newsletter alone; default: in all here."),
    config: Path = _CONFIG,
) -> int:
    """Never mail these addresses, in any newsletter of this ledger. Holds at once, also for a running sender."""
    from newsletter_cli.jobs import suppress as job

    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, config=config)
    for line in job.add(workspace, addresses, everywhere=not here, evidence=reason):
        terminal.say(line)
    return Exit.DONE


@app.command("remove")
def remove(addresses: list[str] = _ADDRESSES, config: Path = _CONFIG) -> int:
    """Let addresses be mailed again: nothing else revives a suppressed one."""
    from newsletter_cli.jobs import suppress as job

    terminal = Terminal.standard()
    for line in job.remove(setup.workspace(terminal, config=config), addresses):
        terminal.say(line)
    return Exit.DONE


@app.command("list")
def list_(config: Path = _CONFIG) -> int:
    """Name every suppressed address with its reason, scope, source, time and evidence."""
    from newsletter_cli.jobs import suppress as job

    terminal = Terminal.standard()
    for entry in job.entries(setup.workspace(terminal, config=config)):
        show.suppression(entry, terminal)
    return Exit.DONE


@app.command("import")
def import_(
    lists: list[Path] = typer.Argument(..., metavar="CSV...", help="Any service's unsubscribed or cleaned export."),
    everybody: bool = typer.Option(False, "--all", help="Everybody in them, also whom a whole export lets stay."),
    opted_out: bool = typer.Option(False, "--opted-out", help="Only those whom their own columns put out."),
    config: Path = _CONFIG,
) -> int:
    """Never mail any address of these files."""
    from newsletter_cli.jobs import suppress as job

    terminal = Terminal.standard()
    if everybody and opted_out:
        raise UsageError("--all and --opted-out: give one of the two")
    whom = job.Whom.ALL if everybody else job.Whom.OPTED_OUT if opted_out else job.Whom.ASK
    workspace = setup.workspace(terminal, config=config)
    count, problems = job.import_lists(workspace, setup.sources(lists, terminal), whom=whom)
    terminal.problems(problems)
    terminal.say(f"{count} addresses more are never mailed from now on")
    return Exit.DONE


@app.command("export")
def export(
    output: Path = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Write it here; default: standard output."
    ),
    config: Path = _CONFIG,
) -> int:
    """Write the suppressions as CSV that `suppress import` reads."""
    from newsletter_cli.jobs import outputs, suppress as job

    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, config=config)
    place = outputs.claim(output, workspace.settings, begins=",".join(job.EXPORT_HEADER).encode())
    show.write(job.export(workspace), place, terminal)
    return Exit.DONE
