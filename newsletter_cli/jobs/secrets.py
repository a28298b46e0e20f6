"""A password or token out of a command of the settings, as ``password_command`` and ``token_command`` name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli.problems import NotNow

if TYPE_CHECKING:
    from collections.abc import Sequence


def first_line(command: Sequence[str] | str, setting: str) -> str:
    """Run the command (no shell) and give the first line of its output; empty where there is no command.

    Raises NotNow where it gives none: `setting` names it, and no secret is told.
    """
    if not (command.strip() if isinstance(command, str) else command):
        return ""
    import asyncio

    from newsletter_cli.delivery import credentials

    try:
        return asyncio.run(credentials.first_line(command, setting))
    except credentials.CredentialError as error:
        raise NotNow(str(error)) from error
