"""One connection's bytes: commands out, replies in, silence watched.

A protocol of ours on the transport that `smtp` made ready (TLS and login done): replies are parsed as they arrive
(`answers`) and wait in order; nothing else is decided here. A loss is a value, `Lost`, given once every reply that
came before it has been read: a 250 followed by a closed connection is a 250.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from newsletter_cli.delivery.answers import Answers
from newsletter_cli.delivery.dialogue import Lost
from newsletter_cli.delivery.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter_cli.replies import Reply

# Replies are short; a larger read is only needed when a server floods.
_READ_OCTETS = 8192


class Wire(asyncio.BufferedProtocol):
    """The connection. `watch` looks for silence and must be called now and then."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(_READ_OCTETS))
        self._answers = Answers()
        self._replies: deque[Reply] = deque()
        self._waiter: Prompt[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._deadline: float | None = None
        self._late = False
        self.on_reply: Callable[[Reply], None] | None = None  # told every reply, for a transcript
        self.lost: Lost | None = None
        transport.set_protocol(self)
        # Told as soon as one octet waits in user space: the end of a large body is then known to have left it.
        transport.set_write_buffer_limits(high=0)

    # What asyncio calls.

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where the next octets go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Octets have arrived."""
        if self.lost:
            return
        replies = self._answers.feed(bytes(self._buffer[:nbytes]))
        if replies:
            self._replies.extend(replies)
            if self.on_reply:
                for reply in replies:
                    self.on_reply(reply)
            self._wake()
        if self._answers.garbled:
            self._end(Lost(self._answers.garbled))

    def eof_received(self) -> bool:
        """The server will say no more."""
        self._end(Lost("the server closed the connection"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self._end(Lost(f"connection lost: {exc}" if exc else "the server closed the connection"))

    def pause_writing(self) -> None:
        """Octets wait in user space."""
        if self._drained is None and not self.lost:
            self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """All octets were taken by the kernel."""
        if self._drained is not None:
            if not self._drained.done():
                self._drained.set_result(None)
            self._drained = None

    # What the lane calls.

    def write(self, data: bytes | memoryview) -> None:
        """Send; on a lost connection nothing happens, the next `reply` says so."""
        if self.lost is None:
            self._transport.write(data)

    async def drained(self, timeout_s: float) -> Lost | None:
        """Wait until what was written has left; give the loss where it has not."""
        if self._drained is not None:
            self._expect(timeout_s)
            await asyncio.shield(self._drained)
            self._deadline = None
        return self.lost

    async def reply(self, timeout_s: float) -> Reply | Lost:
        """The next reply, or the loss. `timeout_s` is counted from now."""
        if not self._replies:
            if self.lost:
                return self.lost
            self._expect(timeout_s)
            self._waiter = Prompt(self._loop)
            try:
                await self._waiter
            finally:
                self._waiter = None
                self._deadline = None
            if not self._replies:
                return self.lost or Lost("the connection is not used any more")
        return self._replies.popleft()

    @property
    def quiet(self) -> bool:
        """Whether nothing has come that nobody asked for: replies and commands are still in step."""
        return not self._replies and not self._answers.pending and self.lost is None

    def early(self) -> Reply | None:
        """A reply that came unasked: a server that shuts down says 421 at any time (RFC 5321 §3.8)."""
        return self._replies.popleft() if self._replies else None

    def watch(self, now: float) -> None:
        """End the connection when the awaited reply is overdue; `now` is the loop's time.

        Only the second look ends it: a process that was stopped for longer than the timeout finds the reply in the
        kernel first.
        """
        if self._deadline is None or now < self._deadline:
            self._late = False
        elif not self._late:
            self._late = True
        else:
            self._end(Lost("no answer in time"))

    def abort(self, why: str = "closed by us") -> None:
        """Close without another octet: a body without its dot is no mail (RFC 5321 §4.1.1.4)."""
        self._end(Lost(why))

    def _expect(self, timeout_s: float) -> None:
        self._late = False
        self._deadline = self._loop.time() + timeout_s

    def _end(self, lost: Lost) -> None:
        if self.lost is None:
            self.lost = lost
            self._transport.abort()
        self.resume_writing()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None:
            self._waiter.give(None)
