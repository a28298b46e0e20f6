"""A TCP connection to whichever address of a host answers first: happy eyeballs (RFC 8305).

A host with a dead IPv6 address beside a live IPv4 one costs a quarter of a second, not the whole timeout. Addresses of
both kinds take turns in the system's order; the next one is tried once the last has failed, or is late.
"""

from __future__ import annotations

import asyncio
import socket
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# RFC 8305 §5: the connection attempt delay that it recommends.
LATE_S = 0.25

Address = tuple[int, int, int, str, Any]  # as getaddrinfo gives them


async def dial(host: str, port: int) -> socket.socket:
    """The first connected socket. Raises OSError where no address can be reached, or the name is not known."""
    loop = asyncio.get_running_loop()
    waiting = in_turns(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    trying: set[asyncio.Task[socket.socket]] = set()
    errors: list[OSError] = []
    try:
        while waiting or trying:
            if waiting:
                trying.add(asyncio.ensure_future(_connected(waiting.pop(0))))
            done, _ = await asyncio.wait(
                trying, timeout=LATE_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                trying.discard(task)
                error = task.exception()
                if error is None:
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                errors.append(error)
    finally:
        for task in trying:
            task.cancel()
        for late in await asyncio.gather(*trying, return_exceptions=True):
            if isinstance(late, socket.socket):
                late.close()
    raise _all_of(errors)


def in_turns(found: Iterable[Address]) -> list[Address]:
    """The addresses, those of the first one's kind and the others by turns (RFC 8305 §4)."""
    addresses = list(found)
    first = [one for one in addresses if one[0] == addresses[0][0]]
    others = [one for one in addresses if one[0] != addresses[0][0]]
    return [one for one in chain.from_iterable(zip_longest(first, others)) if one is not None]


async def _connected(address: Address) -> socket.socket:
    family, kind, protocol, _, place = address
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, place)
    except BaseException:
        made.close()
        raise
    return made


def _all_of(errors: Sequence[OSError]) -> OSError:
    if len(errors) == 1:
        return errors[0]
    said = "; ".join(dict.fromkeys(error.strerror or str(error) for error in errors))
    return OSError(errors[0].errno if errors else None, said or "the host has no address")
