"""The password or token of the SMTP login: where it comes from, and in which forms it must never be shown."""

from __future__ import annotations

import asyncio
import base64
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter_cli.delivery.seams import SmtpSection

# A password manager may ask its user for a finger or a key.
_COMMAND_TIMEOUT_S = 120.0


class CredentialError(Exception):
    """The password or token cannot be had; the message says why and holds no secret."""


@dataclass(slots=True)
class Credentials:
    """Where password and token come from. A password is fetched once, a token before every login (it expires)."""

    section: SmtpSection
    _password: str | None = field(default=None, repr=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def wanted(self) -> bool:
        """Whether the settings ask for a login at all."""
        return bool(self.section.username)

    async def password(self) -> str:
        """The password, from the settings or the command."""
        async with self._lock:
            if self._password is None:
                if self.section.password is not None:
                    self._password = self.section.password.get_secret_value()
                elif self.section.password_command:
                    self._password = await first_line(self.section.password_command, "smtp.password_command")
                else:
                    raise CredentialError(
                        "no password for the SMTP login: set smtp.password_command or NEWSLETTER_SMTP_PASSWORD"
                    )
            return self._password

    async def token(self) -> str:
        """A fresh OAuth 2 access token."""
        if not self.section.token_command:
            raise CredentialError("xoauth2 needs smtp.token_command")
        return await first_line(self.section.token_command, "smtp.token_command")

    async def secret(self) -> str:
        """What the settings want to log in with: a token or the password."""
        return await (self.token() if self.by_token else self.password())

    @property
    def by_token(self) -> bool:
        """Whether the login is by token."""
        return self.section.auth == "xoauth2" or (self.section.auth == "auto" and bool(self.section.token_command))


def forms(username: str, secret: str) -> tuple[str, ...]:
    """How a secret looks on the wire: base64 of PLAIN (RFC 4616), of LOGIN and of XOAUTH2; and by itself."""
    plain, oauth = f"\0{username}\0{secret}", f"user={username}\x01auth=Bearer {secret}\x01\x01"
    return (*(base64.b64encode(form.encode()).decode() for form in (plain, secret, oauth)), secret)


async def first_line(command: Sequence[str] | str, setting: str) -> str:
    """Run the command (no shell) and give the first line of its output. Raises CredentialError, naming `setting`."""
    words = shlex.split(command) if isinstance(command, str) else list(command)
    process = None
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await asyncio.wait_for(process.communicate(), _COMMAND_TIMEOUT_S)
    except TimeoutError as error:
        if process is not None:
            process.kill()
        raise CredentialError(f"{setting}: no output within {_COMMAND_TIMEOUT_S:.0f} s") from error
    except (OSError, ValueError) as error:
        raise CredentialError(f"{setting}: {getattr(error, 'strerror', None) or error}") from error
    line = output.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
    if process.returncode or not line:
        raise CredentialError(f"{setting}: {words[0]} ended with {process.returncode} and gave no usable line")
    return line
