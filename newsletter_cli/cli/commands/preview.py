"""`newsletter preview`: the mail in a browser, or written to a file."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import UsageError

if TYPE_CHECKING:
    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.workspace import Workspace


def preview(
    post: Path = typer.Argument(..., metavar="POST", help="The post, a Markdown file."),
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Write it here; - is standard output."
    ),
    form: str | None = typer.Option(None, "--format", metavar="html|text|eml", help="Default: by FILE's ending."),
    as_address: str = typer.Option("", "--as", metavar="ADDRESS", help="The mail of this person of the list."),
    lists: list[Path] = typer.Option(None, "--list", "-l", metavar="CSV", help="The list to choose readers from."),
    tier: str = typer.Option("", "--tier", metavar="free|paid", help="Which side of the paywall."),
    port: int = typer.Option(
        0,
        "--port",
        metavar="N",
        min=0,
        max=65535,
        show_default=False,
        help="Serve the page here. Default: a free port.",
    ),
    no_open: bool = typer.Option(False, "--no-open", help="Do not open the page in a browser."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Show exactly what would be mailed: in a browser, made anew at every save; or with -o as a file."""
    from newsletter_cli.jobs import outputs, preview as job

    terminal = Terminal.standard()
    sources = setup.sources(lists, terminal)
    if output is None:
        if form is not None:
            raise UsageError("--format says how -o FILE is written; give -o too, or look at the page's panes")
        made_anew = _opener(terminal, post, config)
        return _serve(terminal, made_anew, post, sources, (as_address, tier), port=port, browser=not no_open)
    workspace = setup.workspace(terminal, near=post, config=config, reproducible=True)
    wanted = job.format_of(str(output), form)
    place = outputs.claim(output, workspace.settings, post=post, lists=lists or ())
    made = job.preview(workspace, post, as_address=as_address, lists=sources, tier=tier)
    terminal.problems(made.problems)
    show.write(made.part(wanted), place, terminal)
    return Exit.DONE


def _opener(terminal: Terminal, post: Path, config: Path | None) -> Callable[[], Workspace]:
    """Read the settings again each time, at one instant: a preview is as if sent when it was opened."""
    clock = setup.FixedClock(setup.clock(terminal.environment).now())
    return lambda: replace(setup.workspace(terminal, near=post, config=config), clock=clock)


def _serve(
    terminal: Terminal,
    open_workspace: Callable[[], Workspace],
    post: Path,
    lists: Sequence[ListSource],
    first: tuple[str, str],
    *,
    port: int,
    browser: bool,
) -> int:
    """Serve the page until Ctrl-C."""
    from newsletter_cli.jobs import showroom

    show_room = showroom.Showroom(open_workspace, post, lists=lists)
    terminal.problems(show_room.require(*first))
    live = showroom.open_showroom(show_room, token=secrets.token_urlsafe(16), port=port)
    url = f"{live.url}{showroom.fragment(*first)}"

    def ready() -> None:
        opened = browser and terminal.browse(url)
        how = "is open in your browser" if opened else "is at"
        terminal.write(f"The preview of {post} {how}: {url}\nIt follows what you save. Ctrl-C ends it.\n".encode())

    live.serve(ready)
    return Exit.DONE
