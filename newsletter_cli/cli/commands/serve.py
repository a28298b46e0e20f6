"""`newsletter serve`: the one-click unsubscribe endpoint and the web archive."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from newsletter_cli.cli import setup
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import Problem, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_PORT = 8080


def serve(
    host: str = typer.Option("127.0.0.1", "--host", metavar="ADDRESS", help="Listen on this address."),
    port: int = typer.Option(_PORT, "--port", metavar="N", min=0, max=65535, help="On this port; 0: a free one."),
    unix_socket: Path = typer.Option(None, "--unix-socket", metavar="FILE", help="Listen on this socket instead."),
    prefix: str = typer.Option("", "--prefix", metavar="/PATH", help="What stands before every path outside a proxy."),
    proxy_headers: bool = typer.Option(False, "--proxy-headers", help="Believe the X-Forwarded- headers of a proxy."),
    archive: bool = typer.Option(True, "--archive/--no-archive", help="Serve the web archive too."),
    log: Path = typer.Option(None, "--log", metavar="FILE", help="Append the access log here, not to standard error."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Serve the one-click unsubscribe endpoint and the web archive, until Ctrl-C or SIGTERM."""
    from newsletter_cli.jobs import outputs, serve as job
    from newsletter_cli.web.server import Address

    if prefix and not prefix.startswith("/"):
        raise UsageError(f"--prefix {prefix}: write it with a slash before it, as /letter")
    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, config=config)
    outputs.claim(log, workspace.settings, begins=b"{")
    terminal.problems(job.warnings(workspace.settings, archive=archive))
    address = Address(host=host, port=port, path=unix_socket.absolute() if unix_socket else None)
    with _opened(log, terminal) as file:
        serving = job.serving(
            workspace, address, prefix=prefix, forwarded=proxy_headers, archive=archive, log=_lines(file)
        )
        with serving as server:
            server.serve(lambda: terminal.write(f"Serving at {server.url}. Ctrl-C ends it.\n".encode()))
    return Exit.DONE


def _opened(log: Path | None, terminal: Terminal) -> AbstractContextManager[TextIO]:
    if log is None:
        return nullcontext(terminal.stderr)
    try:
        return log.open("a", encoding="utf-8")
    except OSError as error:
        raise Refused(Problem(text=f"the log cannot be written: {error.strerror}", file=str(log))) from error


def _lines(file: TextIO) -> Callable[[dict[str, object]], None]:
    """One object a line; a log that can no longer be written stops nobody from leaving."""

    def write(told: dict[str, object]) -> None:
        try:
            file.write(json.dumps(told) + "\n")
            file.flush()
        except OSError:
            pass

    return write
