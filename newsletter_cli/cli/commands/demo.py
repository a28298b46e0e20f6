"""`newsletter demo`: the main job, on this machine alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from newsletter_cli.cli.exits import exit_code
from newsletter_cli.cli.terminal import Terminal

if TYPE_CHECKING:
    from newsletter_cli.jobs.demo import Demo


def demo(
    no_open: bool = typer.Option(False, "--no-open", help="Do not open the inbox in a browser."),
) -> int:
    """Send the shipped example to an SMTP server of its own, and show the inbox. Needs no settings and no network."""
    from newsletter_cli.delivery.seams import Stop
    from newsletter_cli.jobs.demo import demo as job
    from newsletter_cli.times import SystemClock

    terminal = Terminal.standard()
    stop = Stop()
    with stop.on_signals():
        done = job(Path(tempfile.mkdtemp(prefix="newsletter-demo-")), clock=SystemClock(), stop=stop)
    _show(done, terminal)
    opened = not no_open and terminal.open(done.page)
    terminal.say("The inbox is open in your browser." if opened else "Open the inbox in a browser to see the mails.")
    return exit_code(done.report)


def _show(done: Demo, terminal: Terminal) -> None:
    terminal.heading("The shipped example, sent over SMTP to an inbox on this machine")
    terminal.say()
    terminal.say(f"  Post      {done.post.relative_to(done.folder)}")
    terminal.say(f"  Subject   {done.report.subject}")
    terminal.say(f"  Server    {done.server}")
    terminal.say()
    terminal.heading("What happened to every row of subscribers.csv")
    terminal.say()
    width = max(len(row.email) for row in done.rows)
    for row in done.rows:
        terminal.say(f"  {row.place}  {row.email:<{width}}  {row.fate:<8}  {row.why}")
    terminal.say()
    terminal.say(f"  {len(done.mails)} mails for {len(done.rows)} rows. The post now says when:")
    terminal.say(f"  {done.stamp}")
    terminal.say("  Sent a second time, to see that nobody gets it twice:")
    for line in done.second.said:
        terminal.say(f"  {line.replace(str(done.post), str(done.post.relative_to(done.folder)))}")
    terminal.say()
    terminal.heading("Where it lies")
    terminal.say()
    terminal.say(f"  Inbox     {done.page}")
    terminal.say(f"  Mails     {done.mails[0].parent if done.mails else done.folder}/*.eml")
    terminal.say(f"  Preview   {', '.join(str(path) for path in done.previews)}")
    terminal.say(f"  Folder    {done.folder}")
    terminal.say()
