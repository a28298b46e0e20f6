"""The tree of commands: what `newsletter` can be asked for, in the order in which a person needs it.

Each command is a function in `cli.commands`: options in, one job called inside the function, its report printed, an
exit code given back. Nothing heavy is imported here, so that `--help` is quick (a test looks).
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import typer

from newsletter_cli import __version__
from newsletter_cli.cli import streams
from newsletter_cli.cli.commands import (
    adopt,
    bounces,
    check,
    control,
    demo,
    diff,
    doctor,
    help as help_,
    images,
    init,
    ledger,
    lists,
    new,
    preview,
    run as run_,
    send,
    serve,
    status,
    suppress,
)
from newsletter_cli.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

# rich_markup_mode=None: with rich, --help takes more than twice as long.
app = typer.Typer(
    name="newsletter",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: newsletter help exit-codes.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"newsletter {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Send a Markdown post as a newsletter: once to every subscriber, over SMTP, from a git folder."""


app.command("init")(init.init)
app.command("new")(new.new)
app.command("demo")(demo.demo)
app.command("preview")(preview.preview)
app.command("check")(check.check)
app.command("diff")(diff.diff)
app.command("send")(send.send)
app.command("run")(run_.run)
app.command("pause")(control.pause)
app.command("resume")(control.resume)
app.command("cancel")(control.cancel)
app.command("status")(status.status)
app.command("why")(status.why)
app.command("forget")(status.forget)
app.command("adopt")(adopt.adopt)
app.add_typer(lists.app, name="list")
app.add_typer(suppress.app, name="suppress")
app.command("serve")(serve.serve)
app.add_typer(images.app, name="images")
app.command("bounces")(bounces.bounces)
app.add_typer(ledger.app, name="ledger")
app.command("doctor")(doctor.doctor)
app.add_typer(doctor.dkim, name="dkim")
app.command("help")(help_.help_)


def _leave_reading_to_jobs(tree: typer.Typer) -> None:
    """A file that may not be read is no wrong usage: whoever reads it says what it is, with the exit code of that."""
    for command in tree.registered_commands:
        for declared in getattr(command.callback, "__defaults__", None) or ():
            if hasattr(declared, "readable"):
                declared.readable = False
    for group in tree.registered_groups:
        if group.typer_instance is not None:
            _leave_reading_to_jobs(group.typer_instance)


_leave_reading_to_jobs(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line. Wrong usage is told here; every other exception is for the caller (`__main__`)."""
    streams.present()
    out, err = sys.stdout, sys.stderr
    try:
        code = app(list(arguments), prog_name="newsletter", standalone_mode=False)
    except typer.TyperException as error:
        # The classes that know how to show themselves are private to typer.
        if hasattr(error, "show"):
            with contextlib.suppress(OSError):  # nobody can read it: the usage is wrong all the same
                error.show()
        return Exit.USAGE
    except typer.Abort:  # the end of standard input where an answer was awaited
        return Exit.INTERRUPTED
    except SystemExit as ended:
        # typer makes 1 of a closed pipe, which here means that addresses failed; and it puts itself before the streams.
        sys.stdout, sys.stderr = out, err
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        raise
    return Exit.DONE if code is None else int(code)
