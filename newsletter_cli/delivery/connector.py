"""Opens the connections of a run: its settings, secrets and TLS context, and what is told about each of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from newsletter_cli.delivery import events, smtp
from newsletter_cli.delivery.credentials import Credentials

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from newsletter_cli.delivery.dialogue import Stage
    from newsletter_cli.delivery.seams import SmtpSection


class Connector:
    """Opens connections with the run's settings, secrets and TLS context. Raises OSError: `ca_file` is unreadable."""

    def __init__(
        self,
        section: SmtpSection,
        *,
        helo_name: str,
        timeouts: Mapping[Stage, timedelta],
        emit: Callable[[events.Event], None],
        transcript: bool = False,
    ) -> None:
        self._section = section
        self._helo_name = section.helo_name or helo_name or "localhost"
        self._timeouts = timeouts
        self._emit = emit
        self._transcript = transcript
        self._credentials = Credentials(section)
        self._context: ssl.SSLContext | None = smtp.tls_context(section)

    async def open(self, number: int) -> smtp.Link | smtp.Refusal:
        """One connection, ready for mail; or why not."""
        found = await smtp.connect(
            self._section,
            self._credentials,
            helo_name=self._helo_name,
            tls_context=self._context,
            timeouts=self._timeouts,
            told=partial(self._told, number) if self._transcript else None,
        )
        section = self._section
        if isinstance(found, smtp.Refusal):
            self._emit(events.ConnectionLost(number, found.stage, found.text))
        else:
            self._emit(events.Connected(number, section.host, section.port, found.tls, found.offers.names))
        return found

    def _told(self, number: int, sent: bool, line: str) -> None:  # noqa: FBT001 - `smtp.connect` calls it so
        for part in line.splitlines():
            self._emit(events.Transcript(number, sent, part))
