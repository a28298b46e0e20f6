"""How a server of this room comes to its end: asked from any thread, by SIGINT or SIGTERM, or by its own work.

`quiet` makes the uvicorn server that leaves the ending to an `Ending`. Nothing is raised.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import uvicorn


class Ending:
    """The wish that a server ends. `asked` may be waited for in the loop that `listen` was called in."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def listen(self) -> None:
        """Take wishes from now on, in the running loop; those of signals too where it runs in the main thread."""
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._loop.add_signal_handler(number, self.asked.set)

    def ask(self) -> None:
        """Wish for the end, from any thread; before `listen` and after the end it is nothing."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: it has ended
                self._loop.call_soon_threadsafe(self.asked.set)


def quiet(config: uvicorn.Config) -> uvicorn.Server:
    """A server that ends when its `should_exit` is set, and catches no signal."""
    import uvicorn

    class Quiet(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leave the signals alone: uvicorn would raise them again at its end."""
            yield

    return Quiet(config)
