"""`newsletter run`: what cron calls."""

from __future__ import annotations

from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import exit_code
from newsletter_cli.cli.terminal import Terminal


def run(
    folder: Path = typer.Argument(None, metavar="DIR", help="The posts; default: posts/ beside newsletter.toml."),
    lists: list[Path] = typer.Option(None, "--list", "-l", metavar="CSV", help="A list; may be given several times."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Taken for the sake of scripts: `run` never asks."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    log: Path = typer.Option(None, "--log", metavar="FILE", help="Write what happens as JSON, one object a line."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Go on with what was begun, then send every due post, oldest first. For cron; asks nothing."""
    from newsletter_cli.delivery.seams import Stop
    from newsletter_cli.jobs import hooks, outputs, run as job

    del yes
    terminal = Terminal.standard(lasting=True)  # a sending ends as it ends, whoever still reads of it
    workspace = setup.workspace(terminal, near=folder, config=config)
    outputs.claim(log, workspace.settings, lists=lists or (), begins=b"{", option="--log")
    stop = Stop()
    with stop.on_signals(), show.watching(terminal, workspace.clock, log=log, debug=False) as watch:
        request = job.RunRequest(
            workspace=workspace,
            stop=stop,
            folder=folder,
            lists=setup.sources(lists, terminal),
            events=watch,
            told=watch.told,
            announce=watch.announce,
        )
        report = job.run(request)
    late = hooks.after(report, workspace.settings)
    if as_json:
        show.json_line({**report.as_json(), "exit_code": exit_code(report)}, terminal)
    else:
        show.ran(report, terminal)
    terminal.problems(late)
    return exit_code(report)
