"""From the options every command shares to a workspace: settings found and read, a clock."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from newsletter_cli.problems import UsageError
from newsletter_cli.times import SystemClock

if TYPE_CHECKING:
    from newsletter_cli.cli.terminal import Terminal
    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.times import Clock

_SPOOL_OCTETS = 8 << 20


class FixedClock(SystemClock):
    """A clock whose instant stands still: SOURCE_DATE_EPOCH, for the same bytes each time."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        """The instant given."""
        return self._instant


def workspace(
    terminal: Terminal,
    *,
    near: Path | None = None,
    config: Path | None = None,
    options: Mapping[str, object] | None = None,
    reproducible: bool = False,
) -> Workspace:
    """Read the settings that hold for a post or folder (`near`), else for the current folder.

    newsletter.toml is looked for from there upwards, then from the current folder upwards. With `reproducible`, what
    only shows takes its instant from SOURCE_DATE_EPOCH; what sends never does. Raises Refused.
    """
    from newsletter_cli.config.load import load
    from newsletter_cli.jobs.workspace import Workspace

    environment = terminal.environment
    start = Path.cwd() if near is None else (near if near.is_dir() else near.parent).absolute()
    settings = load(
        start=start,
        config_file=config,
        environment=environment,
        options={key: value for key, value in (options or {}).items() if value is not None and value != ()},
        home=Path(environment.get("HOME") or os.path.expanduser("~")),  # noqa: PTH111 - no HOME under some crons
    )
    return Workspace(settings=settings, clock=clock(environment) if reproducible else SystemClock()).as_mailed()


def list_options(columns: Sequence[str] | None, opt_out: Sequence[str] | None) -> dict[str, object]:
    """The settings that `--column KEY=HEADER` and `--opt-out COLUMN=VALUE` stand for."""
    for given in columns or ():
        if "=" not in given:
            raise UsageError(f"--column {given}: write what it is and its header, as email=E-Mail")
    pairs = [given.partition("=") for given in columns or ()]
    found: dict[str, list[str]] = {}
    for key, _, header in pairs:
        found.setdefault(key.strip(), []).append(header)
    return {"list.columns": found or None, "list.opt_out": tuple(opt_out or ())}


def clock(environment: Mapping[str, str]) -> Clock:
    """The machine's clock; one that stands still where SOURCE_DATE_EPOCH says so (reproducible-builds.org)."""
    epoch = environment.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return SystemClock()
    try:
        return FixedClock(datetime.fromtimestamp(int(epoch), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"SOURCE_DATE_EPOCH={epoch!r} is no number of seconds") from error


def sources(names: Sequence[Path] | None, terminal: Terminal) -> tuple[ListSource, ...]:
    """The lists of `--list`; `-` is standard input, read once."""
    from newsletter_cli.jobs.gather import ListSource

    found = [str(name) for name in names or ()]
    if found.count("-") > 1:
        raise UsageError("--list - was given twice; standard input can be read once")
    return tuple(
        ListSource("standard input", _spooled(terminal.stdin.buffer)) if name == "-" else ListSource(name)
        for name in found
    )


def _spooled(pipe: BinaryIO) -> bytes | BinaryIO:
    """What a pipe brings: a list is read twice. In memory up to a limit, else in a file without a name."""
    import shutil
    import tempfile

    head = pipe.read(_SPOOL_OCTETS)
    if len(head) < _SPOOL_OCTETS:
        return head
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the run
    spool.write(head)
    shutil.copyfileobj(pipe, spool)
    return spool
