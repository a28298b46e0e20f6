from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from newsletter_cli.delivery.dialogue import Lost
from newsletter_cli.delivery.wire import Wire
from newsletter_cli.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Pipe(asyncio.Transport):
    """A transport that goes nowhere: what is written is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.aborted = True


def arrive(wire: Wire, data: bytes) -> None:
    """Octets come in as asyncio delivers them, in pieces of the buffer's size."""
    while data:
        room = wire.get_buffer(-1)
        piece, data = data[: len(room)], data[len(room) :]
        room[: len(piece)] = piece
        wire.buffer_updated(len(piece))


def run(test: Callable[[Wire, Pipe], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        pipe = Pipe()
        await test(Wire(pipe), pipe)

    asyncio.run(main())


def test_replies_come_in_order_and_before_the_loss() -> None:
    async def test(wire: Wire, pipe: Pipe) -> None:
        arrive(wire, b"250 one\r\n250 two\r\n")
        wire.eof_received()
        assert pipe.aborted
        assert await wire.reply(1) == Reply(250, "one")
        assert await wire.reply(1) == Reply(250, "two")
        assert isinstance(await wire.reply(1), Lost)
        arrive(wire, b"250 three\r\n")
        assert isinstance(await wire.reply(1), Lost)

    run(test)


def test_a_garbled_line_hides_nothing_before_it() -> None:
    async def test(wire: Wire, pipe: Pipe) -> None:
        arrive(wire, b"250 one\r\nhello\r\n")
        assert await wire.reply(1) == Reply(250, "one")
        answer = await wire.reply(1)
        assert isinstance(answer, Lost)
        assert "hello" in answer.why

    run(test)


def test_waiting_for_a_reply() -> None:
    async def test(wire: Wire, pipe: Pipe) -> None:
        asyncio.get_running_loop().call_soon(arrive, wire, b"250 late\r\n")
        assert await wire.reply(1) == Reply(250, "late")
        asyncio.get_running_loop().call_soon(wire.connection_lost, OSError("reset"))
        answer = await wire.reply(1)
        assert isinstance(answer, Lost)
        assert "reset" in answer.why

    run(test)


def test_silence_is_believed_at_the_second_look() -> None:
    async def test(wire: Wire, pipe: Pipe) -> None:
        now = asyncio.get_running_loop().time()
        wire.watch(now + 1000)  # nothing is awaited
        waiting = asyncio.ensure_future(wire.reply(5))
        await asyncio.sleep(0)
        wire.watch(now + 4)
        wire.watch(now + 100)
        assert wire.lost is None
        arrive(wire, b"250 it was in the kernel\r\n")
        assert await waiting == Reply(250, "it was in the kernel")
        waiting = asyncio.ensure_future(wire.reply(5))
        await asyncio.sleep(0)
        wire.watch(now + 200)
        wire.watch(now + 200)
        assert await waiting == Lost("no answer in time")

    run(test)


def test_what_comes_unasked() -> None:
    async def test(wire: Wire, pipe: Pipe) -> None:
        quiet = [wire.quiet]
        assert wire.early() is None
        arrive(wire, b"42")
        quiet.append(wire.quiet)
        arrive(wire, b"1 4.3.2 bye\r\n")
        quiet.append(wire.quiet)
        assert wire.early() == Reply(421, "4.3.2 bye")
        quiet.append(wire.quiet)
        assert quiet == [True, False, False, True]

    run(test)


def test_draining() -> None:
    async def test(wire: Wire, pipe: Pipe) -> None:
        assert await wire.drained(1) is None
        wire.pause_writing()
        wire.pause_writing()
        asyncio.get_running_loop().call_soon(wire.resume_writing)
        assert await wire.drained(1) is None
        wire.pause_writing()
        asyncio.get_running_loop().call_soon(wire.eof_received)
        assert isinstance(await wire.drained(1), Lost)
        wire.resume_writing()

    run(test)


def test_nothing_is_written_after_the_end() -> None:
    async def test(wire: Wire, pipe: Pipe) -> None:
        wire.write(b"MAIL")
        wire.abort("enough")
        wire.write(b"RCPT")
        assert pipe.written == b"MAIL"
        assert await wire.reply(1) == Lost("enough")
        wire.abort("again")
        assert wire.lost == Lost("enough")

    run(test)
