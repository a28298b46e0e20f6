"""`newsletter status` and `why`: what the ledger knows."""

from __future__ import annotations

from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import UsageError


def status(
    post: Path = typer.Argument(None, metavar="POST", help="One post; default: all."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
    failed_csv: Path = typer.Option(
        None, "--failed-csv", metavar="FILE", help="Write those that failed to this file; - is standard output."
    ),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Say what was sent, what is left, and what it waits for."""
    from newsletter_cli.jobs import failures, outputs, status as job

    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, near=post, config=config)
    if failed_csv is not None:
        place = outputs.claim(failed_csv, workspace.settings, post=post, begins=failures.BEGINS)
        if as_json and place.path is None:
            raise UsageError("--json and --failed-csv -: both would stand on standard output; one of the two")
        show.write(failures.table(workspace, post), place, terminal)
        if place.path is None:
            return Exit.DONE  # a table, and nothing behind it
    report = job.status(workspace, post)
    if as_json:
        show.json_line(report.as_json(), terminal)
    else:
        show.status(report, terminal)
    return Exit.DONE


def why(
    asked: str = typer.Argument(..., metavar="ADDRESS|MESSAGE-ID", help="Whom, or which mail, to ask about."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Say what an address got, what not, and why; or what became of one mail."""
    from newsletter_cli.jobs.why import why as job

    terminal = Terminal.standard()
    report = job(setup.workspace(terminal, config=config), asked)
    if as_json:
        show.json_line(report.as_json(), terminal)
    else:
        show.why(report, terminal)
    return Exit.DONE


def forget(
    address: str = typer.Argument(..., metavar="ADDRESS", help="Whom to forget."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Blank an address in the record; a keyed hash stays, so that it is never mailed again."""
    from newsletter_cli.jobs import suppress

    terminal = Terminal.standard()
    terminal.say(suppress.forget(setup.workspace(terminal, config=config), address))
    return Exit.DONE
