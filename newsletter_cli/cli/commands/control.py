"""`newsletter pause|resume|cancel`: words to a campaign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from newsletter_cli.cli import setup
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal

if TYPE_CHECKING:
    from newsletter_cli.jobs.control import Told
    from newsletter_cli.jobs.workspace import Workspace

_POST = typer.Argument(..., metavar="POST", help="The post, a Markdown file.")
_CONFIG = typer.Option(None, "--config", metavar="FILE", help="Settings from this file.")


def pause(post: Path = _POST, config: Path = _CONFIG) -> int:
    """Stop a sending until `resume`; a running one stops within a second."""
    from newsletter_cli.jobs import control

    return _tell(control.pause, post, config)


def resume(post: Path = _POST, config: Path = _CONFIG) -> int:
    """Let a paused or held sending go on, at the next `run` or `send`."""
    from newsletter_cli.jobs import control

    return _tell(control.resume, post, config)


def cancel(post: Path = _POST, config: Path = _CONFIG) -> int:
    """Send a begun post to nobody else: those who wait are settled as cancelled, and the post is stamped."""
    from newsletter_cli.jobs import control

    return _tell(control.cancel, post, config)


def _tell(word: Callable[[Workspace, Path], Told], post: Path, config: Path | None) -> int:
    terminal = Terminal.standard()
    told = word(setup.workspace(terminal, near=post, config=config), post)
    terminal.problems(told.problems)
    for line in told.said:
        terminal.say(line)
    return Exit.DONE
