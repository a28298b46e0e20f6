from __future__ import annotations

import asyncio
import errno
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.delivery import dialing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.delivery.dialing import Address


def address(place: tuple[str, int], family: int = socket.AF_INET) -> Address:
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place


@contextmanager
def listening() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@contextmanager
def deaf() -> Iterator[tuple[str, int]]:
    """A place that neither accepts nor refuses: its queue is full, so that the system drops what comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        place = server.getsockname()
        waiting = []
        try:
            for _ in range(8):
                one = socket.socket()
                one.setblocking(False)
                waiting.append(one)
                one.connect_ex(place)
            yield place
        finally:
            for one in waiting:
                one.close()


def refusing() -> tuple[str, int]:
    with listening() as place:
        return place


def dial(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> tuple[str, int]:
    """Dial a host that has these addresses, and say which answered."""

    async def main() -> tuple[str, int]:
        async def found(*_: object, **__: object) -> list[Address]:
            return [address(place) for place in places]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
        with await dialing.dial("mail.example.com", 25) as sock:
            peer: tuple[str, int] = sock.getpeername()
            return peer

    return asyncio.run(main())


def test_a_dead_address_beside_a_live_one_costs_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    with deaf() as dead, listening() as live:
        begun = time.monotonic()
        assert dial(monkeypatch, dead, live) == live
        assert dialing.LATE_S <= time.monotonic() - begun < 10


def test_one_that_refuses_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialing, "LATE_S", 60.0)
    with listening() as live:
        assert dial(monkeypatch, refusing(), live) == live


def test_all_of_them_are_named_where_none_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = refusing(), refusing()
    with pytest.raises(OSError, match=f"{first[1]}.*; .*{second[1]}") as raised:
        dial(monkeypatch, first, second)
    assert raised.value.errno == errno.ECONNREFUSED
    with pytest.raises(ConnectionRefusedError, match=str(first[1])):
        dial(monkeypatch, first)


def test_a_name_that_is_not_known() -> None:
    with pytest.raises(socket.gaierror):
        asyncio.run(dialing.dial("mail.invalid", 25))


def test_both_kinds_take_turns() -> None:
    six = [address((f"2001:db8::{n}", 25), socket.AF_INET6) for n in range(3)]
    four = [address((f"192.0.2.{n}", 25)) for n in range(1)]
    assert dialing.in_turns([*six, *four]) == [six[0], four[0], six[1], six[2]]
    assert dialing.in_turns([*four, *six]) == [four[0], *six]
