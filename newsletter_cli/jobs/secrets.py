"""A password or token out of a command of the settings, as ``password_command`` and ``token_command`` name it."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

from newsletter_cli.problems import NotNow

if TYPE_CHECKING:
    from collections.abc import Sequence

# A password manager may ask its user for a finger or a key.
_TIMEOUT_S = 120.0


def first_line(command: Sequence[str] | str, setting: str) -> str:
    """Run the command (no shell) and give the first line of its output; empty where there is no command.

    Raises NotNow where it gives none: `setting` names it, and no secret is told.
    """
    words = shlex.split(command) if isinstance(command, str) else list(command)
    if not words:
        return ""
    try:
        ran = subprocess.run(  # noqa: S603 - the user's own command
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotNow(f"{setting}: no output within {_TIMEOUT_S:.0f} s") from error
    except (OSError, ValueError) as error:
        raise NotNow(f"{setting}: {getattr(error, 'strerror', None) or error}") from error
    line = ran.stdout.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
    if ran.returncode or not line:
        raise NotNow(f"{setting}: {words[0]} ended with {ran.returncode} and gave no usable line")
    return line
