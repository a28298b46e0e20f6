"""A result that one task waits for, and that wakes it in the very call that gives it.

asyncio's own futures wake who waits in the next turn of the loop. A mail has two such waits, for the server's reply
and for the ledger: with a turn for each, the loop asks the system for events more often than it reads a reply.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextvars import Context

T = TypeVar("T")


class Prompt(Generic[T]):
    """What a `Future` is to its task (PEP 3156 "Futures", by the attribute that marks them), for one that waits."""

    __slots__ = ("_asyncio_future_blocking", "_cancelled", "_context", "_given", "_loop", "_result", "_wake")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._asyncio_future_blocking = False
        self._loop = loop
        self._given = False
        self._cancelled = False
        self._result: T | None = None
        self._wake: Callable[[Prompt[T]], object] | None = None
        self._context: Context | None = None

    def give(self, result: T) -> None:
        """Set the result, once; whoever waits goes on before this returns, unless it is called by a task."""
        if self._given:
            return
        self._given = True
        self._result = result
        wake, self._wake = self._wake, None
        if wake is None:
            return
        if asyncio.current_task(self._loop) is None:
            wake(self)
        else:
            self._loop.call_soon(wake, self, context=self._context)

    def done(self) -> bool:
        """Whether the result is there."""
        return self._given

    def result(self) -> T:
        """The result. Raises CancelledError where the task that waited was cancelled."""
        if self._cancelled:
            raise asyncio.CancelledError
        return cast("T", self._result)

    def __await__(self) -> Generator[Prompt[T], None, T]:
        if not self._given:
            self._asyncio_future_blocking = True
            yield self
        return self.result()

    # What a task calls on what it waits for.

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the task."""
        return self._loop

    def add_done_callback(self, wake: Callable[[Prompt[T]], object], *, context: Context | None = None) -> None:
        """The task waits."""
        self._wake = wake
        self._context = context

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - asyncio's signature
        """The task is cancelled: it goes on with a CancelledError in the next turn."""
        if self._given:
            return False
        self._given = self._cancelled = True
        wake, self._wake = self._wake, None
        if wake is not None:
            self._loop.call_soon(wake, self, context=self._context)
        return True
