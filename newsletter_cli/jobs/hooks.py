"""The user's own commands, run with a report as JSON on standard input."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from newsletter_cli.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from newsletter_cli.config.settings import Settings
    from newsletter_cli.jobs.report import RunReport, SendReport

# Long enough for a git push over a slow line; a hook that hangs must not hold the sender's lock for ever.
TIMEOUT_S = 300


def after(report: SendReport | RunReport, settings: Settings) -> tuple[Problem, ...]:
    """Run `on_sent` where a campaign ended, `on_problem` where a person should look."""
    due = [
        *((command, "on_sent") for command in settings.hooks.on_sent if report.finished),
        *((command, "on_problem") for command in settings.hooks.on_problem if report.troubled),
    ]
    said: list[Problem] = []
    for command, name in due:
        said += run(command, report.as_json(), folder=settings.folder, name=name)
    return tuple(said)


def run(command: Sequence[str], report: Mapping[str, Any], *, folder: Path, name: str) -> tuple[Problem, ...]:
    """Run one hook in the newsletter's folder; a failure is a warning, never a reason to undo what was done."""
    if not command:
        return ()
    try:
        done = subprocess.run(  # noqa: S603 - the command is the user's own setting
            list(command),
            input=json.dumps(report, ensure_ascii=False).encode(),
            cwd=folder,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return (_warning(name, str(error)),)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        return (_warning(name, f"exit code {done.returncode}{': ' + words[-1] if words else ''}"),)
    return ()


def _warning(name: str, text: str) -> Problem:
    return Problem(text=f"the hook {name} failed: {text}", severity=Severity.WARNING, code="hook-failed")
