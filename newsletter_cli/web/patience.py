"""HTTP connections that do not wait for ever: uvicorn's own, with a limit on how long the head of a request may take.

uvicorn limits the time between two requests alone; whoever sends one header line a minute would hold a connection for
days. Imported only where a server starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from newsletter_cli.web import limits

if TYPE_CHECKING:
    import asyncio


class Impatient(H11Protocol):
    """Closes a connection whose request has no complete head in time.

    Counts from the connection, and from the first octet of each later request.
    """

    late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start to count."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Stop counting once the head is there."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._no_more()
        elif self.late is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to wait for."""
        self._no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self.late = self.loop.call_later(limits.HEAD_S, self._too_late)

    def _no_more(self) -> None:
        if self.late is not None:
            self.late.cancel()
            self.late = None

    def _too_late(self) -> None:
        self.late = None
        if not self.transport.is_closing() and self.conn.their_state is h11.IDLE:
            self.transport.close()
