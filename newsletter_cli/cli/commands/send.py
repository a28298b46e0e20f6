"""`newsletter send`: a post to a list, or a try of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit, exit_code
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import UsageError

if TYPE_CHECKING:
    from newsletter_cli.jobs.canary import Canary
    from newsletter_cli.jobs.desk import SendRequest


def send(
    post: Path = typer.Argument(..., metavar="POST", help="The post, a Markdown file."),
    lists: list[Path] = typer.Option(
        None,
        "--list",
        "-l",
        metavar="CSV",
        help="A list of subscribers; may be given several times; - is standard input.",
    ),
    exclude: list[Path] = typer.Option(None, "--exclude", metavar="CSV", help="Whoever is in this list gets nothing."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Ask nothing."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say who would get it and who not; contact nothing."),
    test: list[str] = typer.Option(
        None, "--test", metavar="ADDRESS", help="One real mail to this address, marked [test], recorded nowhere."
    ),
    test_list: bool = typer.Option(False, "--test-list", help="One marked mail to each address of test_list."),
    to: str = typer.Option("", "--to", metavar="ADDRESS", help="Only this person of the list; recorded."),
    resend: bool = typer.Option(False, "--resend", help="With --to: also if they have had it."),
    now: bool = typer.Option(False, "--now", help="Send a post whose date is in the future."),
    again: bool = typer.Option(False, "--again", help="A sent post, to those of the list who have not got it."),
    retry_failed: bool = typer.Option(False, "--retry-failed", help="Try those again that failed for good."),
    resend_unknown: bool = typer.Option(False, "--resend-unknown", help="Send again where the fate is unknown."),
    accept_edit: bool = typer.Option(False, "--accept-edit", help="The post was edited midway: the rest get the edit."),
    limit: int = typer.Option(None, "--limit", min=1, metavar="N", help="At most so many mails in this run."),
    expect: str = typer.Option(None, "--expect", metavar="N|N-M", help="Refuse unless so many are mailable."),
    canary: int = typer.Option(None, "--canary", min=1, metavar="N", help="The test list, then N, then the rest."),
    wait: str = typer.Option("10m", "--wait", metavar="TIME", help="How long --canary waits for what comes of it."),
    rejects: Path | None = typer.Option(
        None, "--rejects", metavar="FILE", help="Write the rows left out to this file."
    ),
    column: list[str] = typer.Option(None, "--column", metavar="KEY=HEADER", help="What a column is: email=E-Mail."),
    opt_out: list[str] = typer.Option(None, "--opt-out", metavar="COLUMN=VALUE", help="This value means: do not mail."),
    rate: list[str] = typer.Option(
        None, "--rate", metavar="RATE", help="14/s, 300/m, 100/h, 2000/d; several hold at once."
    ),
    batch_size: int = typer.Option(None, "--batch-size", min=1, metavar="N", help="So many messages, then a pause."),
    batch_pause: str = typer.Option(None, "--batch-pause", metavar="TIME", help="How long it pauses: 30s, 5m."),
    connections: int = typer.Option(None, "--connections", min=1, metavar="N", help="How many connections at once."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    log: Path = typer.Option(None, "--log", metavar="FILE", help="Write what happens as JSON, one object a line."),
    debug: bool = typer.Option(False, "--debug", help="Show the SMTP dialogue on standard error."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Send a post: one mail to each subscriber, whatever happens. Run it again to go on where it stopped."""
    from newsletter_cli.audience import guard
    from newsletter_cli.delivery.seams import Stop
    from newsletter_cli.jobs import outputs
    from newsletter_cli.jobs.decide import Wish
    from newsletter_cli.jobs.desk import SendRequest

    # A sending ends as it ends, whoever still reads of it; a dry run only shows.
    terminal = Terminal.standard(lasting=not dry_run)
    if resend and not to:
        raise UsageError("--resend goes with --to ADDRESS")
    if dry_run and rejects is not None:
        raise UsageError("--dry-run writes no file; `newsletter list check` names the rows left out")
    if dry_run and (test or test_list):
        raise UsageError("--dry-run contacts nothing; it does not go with --test")
    options = {
        "smtp.rate": tuple(rate or ()),
        "smtp.batch_size": batch_size,
        "smtp.batch_pause": batch_pause,
        "smtp.connections": connections,
        **setup.list_options(column, opt_out),
    }
    workspace = setup.workspace(terminal, near=post, config=config, options=options)
    read = (*(lists or ()), *(exclude or ()))
    outputs.claim(rejects, workspace.settings, post=post, lists=read, begins=b"", ends=b"reason", option="--rejects")
    outputs.claim(log, workspace.settings, post=post, lists=read, begins=b"{", option="--log")
    stop = Stop()
    with stop.on_signals(), show.watching(terminal, workspace.clock, log=log, debug=debug) as watch:
        request = SendRequest(
            workspace=workspace,
            post=post,
            stop=stop,
            lists=setup.sources(lists, terminal),
            exclude=setup.sources(exclude, terminal),
            wish=Wish(
                now=now,
                again=again,
                retry_failed=retry_failed,
                resend_unknown=resend_unknown,
                single=bool(to),
                resend=resend,
            ),
            to=to,
            accept_edit=accept_edit,
            limit=limit,
            expect=None if expect is None else guard.parse_expected(expect),
            canary=_canary(canary, wait),
            rejects=rejects,
            confirm=lambda question: not stop.requested and terminal.confirm(question, yes=yes),
            transcript=debug,
            events=watch,
            told=watch.told,
            announce=watch.announce,
        )
        if dry_run:
            return _dry_run(request, terminal, as_json=as_json)
        if test or test_list:
            return _trial(request, terminal, list(test or ()), whole_list=test_list, as_json=as_json)
        return _send(request, terminal, as_json=as_json)


def _send(request: SendRequest, terminal: Terminal, *, as_json: bool) -> int:
    from newsletter_cli.jobs import hooks, send as job

    report = job.send(request)
    late = hooks.after(report, request.settings)
    if as_json:
        show.json_line({**report.as_json(), "exit_code": exit_code(report)}, terminal)
    else:
        show.sent(report, terminal)
    terminal.problems(late)
    return exit_code(report)


def _dry_run(request: SendRequest, terminal: Terminal, *, as_json: bool) -> int:
    from newsletter_cli.jobs.dry_run import dry_run as job

    report = job(request)
    if as_json:
        show.json_line(report.as_json(), terminal)
    else:
        show.dry_run(report, terminal)
    return Exit.DONE


def _trial(request: SendRequest, terminal: Terminal, to: list[str], *, whole_list: bool, as_json: bool) -> int:
    from newsletter_cli.jobs.trial import trial as job

    if whole_list:
        to += [str(entry) for entry in request.settings.newsletter.test_list]
    report = job(request, to)
    if as_json:
        show.json_line(report.as_json(), terminal)
    else:
        show.trial(report, terminal)
    return exit_code(report)


def _canary(count: int | None, wait: str) -> Canary | None:
    """`--canary N --wait TIME`."""
    from newsletter_cli.jobs.canary import Canary
    from newsletter_cli.times import parse_duration

    if count is None:
        return None
    try:
        return Canary(count, parse_duration(wait))
    except ValueError as error:
        raise UsageError(f"--wait: {error}") from error
