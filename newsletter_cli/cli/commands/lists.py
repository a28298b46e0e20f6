"""`newsletter list`: what a list file is, and a plain copy of it."""

from __future__ import annotations

from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at a list of subscribers, or convert it.")

_LISTS = typer.Argument(None, metavar="CSV", help="The list; - is standard input; default: those of [list] files.")
_COLUMN = typer.Option(None, "--column", metavar="KEY=HEADER", help="What a column is: email=E-Mail.")
_OPT_OUT = typer.Option(None, "--opt-out", metavar="COLUMN=VALUE", help="This value means: do not mail.")
_CONFIG = typer.Option(None, "--config", metavar="FILE", help="Settings from this file.")


@app.command("check")
def check(
    lists: list[Path] = _LISTS,
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
    column: list[str] = _COLUMN,
    opt_out: list[str] = _OPT_OUT,
    config: Path = _CONFIG,
) -> int:
    """Say what the file is, who would be mailed, and why every other row is left out."""
    from newsletter_cli.jobs import lists as job

    terminal = Terminal.standard()
    report = job.check(
        setup.workspace(terminal, config=config, options=setup.list_options(column, opt_out)),
        setup.sources(lists, terminal),
    )
    if as_json:
        show.json_line(report.as_json(), terminal)
    else:
        show.checked_list(report, terminal)
    return Exit.DONE


@app.command("convert")
def convert(
    lists: list[Path] = _LISTS,
    output: Path = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Write it here; default: standard output."
    ),
    force: bool = typer.Option(False, "--force", help="Also over a file that holds something else."),
    column: list[str] = _COLUMN,
    opt_out: list[str] = _OPT_OUT,
    config: Path = _CONFIG,
) -> int:
    """Write the rows that may be mailed as plain CSV: email, then the columns."""
    from newsletter_cli.jobs import lists as job, outputs

    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, config=config, options=setup.list_options(column, opt_out))
    place = outputs.claim(output, workspace.settings, lists=lists or (), begins=b"email")
    data = job.convert(workspace, setup.sources(lists, terminal))
    if not force:
        outputs.require_same(place, data)
    show.write(data, place, terminal)
    return Exit.DONE
