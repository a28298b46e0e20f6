"""`newsletter suppress`: the addresses that are never mailed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The addresses that are never mailed.")

_ADDRESSES = typer.Argument(..., metavar="ADDRESS...", help="One address or several.")
_CONFIG = typer.Option(None, "--config", metavar="FILE", help="Settings from this file.")


@app.command("add")
def add(
    addresses: list[str] = _ADDRESSES,
    reason: str = typer.Option("", "--reason", metavar="TEXT", help="Why, for the record."),
    config: Path = _CONFIG,
) -> int:
    """Never mail these addresses, in any newsletter of this ledger. Holds at once, also for a running sender."""
    from newsletter_cli.jobs import suppress as job

    terminal = Terminal.standard()
    for line in job.add(setup.workspace(terminal, config=config), addresses, evidence=reason):
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
    """Name every suppressed address with its reason, source and time."""
    from newsletter_cli.jobs import suppress as job

    terminal = Terminal.standard()
    for entry in job.entries(setup.workspace(terminal, config=config)):
        scope = f"newsletter {entry.newsletter}" if entry.newsletter else "all"
        email = entry.email or "(forgotten)"
        terminal.say(f"{email}\t{entry.reason.value}\t{scope}\t{entry.source}\t{entry.since:%Y-%m-%dT%H:%M:%SZ}")
    return Exit.DONE


@app.command("import")
def import_(
    lists: list[Path] = typer.Argument(..., metavar="CSV...", help="Any service's unsubscribed or cleaned export."),
    config: Path = _CONFIG,
) -> int:
    """Never mail any address of these files."""
    from newsletter_cli.jobs import suppress as job

    terminal = Terminal.standard()
    count, problems = job.import_lists(setup.workspace(terminal, config=config), setup.sources(lists, terminal))
    terminal.problems(problems)
    terminal.say(f"{count} addresses are never mailed from now on")
    return Exit.DONE


@app.command("export")
def export(
    output: Path = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Write it here; default: standard output."
    ),
    config: Path = _CONFIG,
) -> int:
    """Write the suppressions as CSV that `suppress import` reads."""
    from newsletter_cli.jobs import suppress as job

    terminal = Terminal.standard()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("email", "reason", "newsletter", "source", "since", "evidence"))
    for entry in job.entries(setup.workspace(terminal, config=config)):
        if entry.email:  # a forgotten one has none: `ledger export` carries its hash
            when = f"{entry.since:%Y-%m-%dT%H:%M:%SZ}"
            writer.writerow((entry.email, entry.reason.value, entry.newsletter, entry.source, when, entry.evidence))
    data = text.getvalue().encode()
    show.write(data, output, terminal)
    return Exit.DONE
