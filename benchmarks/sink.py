"""An SMTP server that is never the bottleneck: it takes mails, keeps none, and notes when the first one came.

`started` runs it in a process of its own. smtp-sink needs 0.44 ms of processor time a mail; this one a tenth of it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

_BUFFER_OCTETS = 1 << 20


class Sink(asyncio.BufferedProtocol):
    """Takes mails as fast as Python can: commands by their first letters, bodies by the search for their end."""

    first_mail: Any = None  # shared: when the first body began, by time.monotonic, which all processes share on Linux
    mails: Any = None

    def __init__(self, delay_s: float = 0.0) -> None:
        self._data = bytearray(_BUFFER_OCTETS)
        self._view = memoryview(self._data)
        self._held = 0  # octets at the front that are yet to be understood
        self._in_body = False
        self._delay_s = delay_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        return self._view[self._held :]

    def buffer_updated(self, nbytes: int) -> None:
        data, filled = self._data, self._held + nbytes
        answers: list[bytes] = []
        at = 0
        while at < filled:
            if self._in_body:
                end = data.find(b"\r\n.\r\n", at, filled)
                if end < 0:
                    at = max(at, filled - 4)
                    break
                at = end + 5
                self._in_body = False
                answers.append(b"250 2.0.0 Ok: queued as 0123456789\r\n")
                if self.mails is not None:
                    self.mails.value += 1
                continue
            end = data.find(b"\n", at, filled)
            if end < 0:
                break
            answers.append(self._command(bytes(data[at : at + 4]).upper()))
            at = end + 1
        self._held = filled - at
        self._view[: self._held] = bytes(self._view[at:filled])
        if answers and self._delay_s:
            asyncio.get_running_loop().call_later(self._delay_s, self._transport.write, b"".join(answers))
        elif answers:
            self._transport.write(b"".join(answers))

    def _command(self, verb: bytes) -> bytes:
        if verb == b"DATA":
            self._in_body = True
            if self.first_mail is not None and not self.first_mail.value:
                self.first_mail.value = time.monotonic()
            return b"354 go\r\n"
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 2.1.0 Ok\r\n"


@dataclass
class Running:
    """A sink at work."""

    port: int
    _first_mail: Any
    _mails: Any

    def reset(self) -> None:
        self._first_mail.value = 0.0
        self._mails.value = 0

    @property
    def first_mail(self) -> float:
        """When the first mail came since `reset`, by time.monotonic; 0: none did."""
        return float(self._first_mail.value)

    @property
    def mails(self) -> int:
        return int(self._mails.value)


@contextmanager
def started(delay_s: float = 0.0, context: ssl.SSLContext | None = None) -> Iterator[Running]:
    """A sink in a process of its own, on a free port of the loopback."""
    forked = multiprocessing.get_context("fork")
    here, there = forked.Pipe()
    first_mail, mails = forked.Value("d", 0.0, lock=False), forked.Value("l", 0, lock=False)
    process = forked.Process(target=_serve, args=(there, delay_s, context, first_mail, mails), daemon=True)
    process.start()
    try:
        yield Running(here.recv(), first_mail, mails)
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection, delay_s: float, context: ssl.SSLContext | None, first_mail: Any, mails: Any) -> None:
    Sink.first_mail, Sink.mails = first_mail, mails

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: Sink(delay_s), "127.0.0.1", 0, ssl=context, backlog=256
        )
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())
