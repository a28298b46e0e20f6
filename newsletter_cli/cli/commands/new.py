"""`newsletter new`: a draft."""

from __future__ import annotations

import secrets
from pathlib import Path

import typer

from newsletter_cli.cli.terminal import Terminal


def new(
    title: str = typer.Argument(..., metavar="TITLE", help="The title of the post."),
    folder: Path = typer.Option(None, "--dir", metavar="DIR", help="Where to write it; default: posts/ where it is."),
) -> None:
    """Write a draft with today's date and a fresh post_id."""
    from newsletter_cli.jobs.new import draft
    from newsletter_cli.times import SystemClock

    made = draft(title, folder=folder, start=Path.cwd(), clock=SystemClock(), random=secrets.token_bytes(16))
    here = Path.cwd()
    Terminal.standard().say(str(made.relative_to(here) if made.is_relative_to(here) else made))
