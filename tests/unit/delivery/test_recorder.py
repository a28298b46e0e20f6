from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.delivery.recorder import Recorder
from newsletter_cli.ledger.model import Settled
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.problems import NotNow
from tests.doubles.clock import FastClock
from tests.doubles.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from newsletter_cli.ledger.model import Claim


class Desk:
    """A recorder over a store of five, all of them claimed, and what it told."""

    def __init__(self, fault: Callable[[str], None] | None = None, *, exact_counts: bool = True) -> None:
        self.clock = FastClock()
        self.store = MemoryStore([f"r{n}@example.com" for n in range(5)], self.clock)
        self.claims = self.store.claim(5)
        self.store.calls.clear()
        if fault:
            self.store._fault = fault
        self.told: list[tuple[Claim, Settled]] = []
        self.broke: list[Exception] = []
        self.recorder = Recorder(
            self.store,
            account="a",
            exact_counts=exact_counts,
            on_recorded=lambda claim, settled: self.told.append((claim, settled)),
            on_broken=self.broke.append,
        )

    def sent(self, number: int) -> None:
        claim = self.claims[number]
        self.recorder.settle(claim, Settled(id=claim.id, outcome=Outcome.SENT))


async def each(asked: Iterable[Awaitable[bool]]) -> list[bool]:
    """All that is asked in one turn, then the answers."""
    return [await one for one in tuple(asked)]


def run(test: Callable[[Desk], Awaitable[None]], make: Callable[[], Desk] = Desk) -> Desk:
    async def main() -> Desk:
        desk = make()
        try:
            await test(desk)
        finally:
            desk.recorder.close()
        return desk

    return asyncio.run(main())


def test_one_group_for_all_that_is_given_in_one_turn() -> None:
    async def test(desk: Desk) -> None:
        first = [desk.recorder.hand_over(claim.id) for claim in desk.claims[:3]]
        assert await each(first) == [True] * 3
        assert desk.store.calls["hand_over"] == 1
        desk.sent(0)
        desk.sent(1)
        desk.recorder.count(desk.clock.now())
        more = desk.recorder.hand_over(desk.claims[3].id)
        desk.recorder.put_back(desk.claims[4].id)
        desk.recorder.suppress(desk.claims[0], "550 5.1.1")
        assert await more
        assert await desk.recorder.flush()

    desk = run(test)
    assert desk.store.calls == {"hand_over": 2, "settle": 1, "put_back": 1, "suppress": 1, "count_sent": 1}
    assert [claim.id for claim, _ in desk.told] == [desk.claims[0].id, desk.claims[1].id]
    assert desk.store.suppressed == {"r0@example.com": "550 5.1.1"}


def test_who_is_no_longer_claimed_is_not_handed_over() -> None:
    async def test(desk: Desk) -> None:
        desk.store.move("r0@example.com", Outcome.SUPPRESSED)
        assert await each(desk.recorder.hand_over(claim.id) for claim in desk.claims[:2]) == [False, True]

    run(test)


def test_counts_ride_with_other_calls_where_no_quota_is_set() -> None:
    async def test(desk: Desk) -> None:
        await each(desk.recorder.hand_over(claim.id) for claim in desk.claims)
        for number in range(3):
            desk.sent(number)
            desk.recorder.count(desk.clock.now())
        await desk.recorder.hand_over(desk.claims[0].id)
        assert desk.store.sends == []
        assert await desk.recorder.call(desk.store.waiting) == 0
        assert [count for _, _, count in desk.store.sends] == [3]
        desk.recorder.count(desk.clock.now())
        assert await desk.recorder.flush()

    desk = run(test, lambda: Desk(exact_counts=False))
    assert [count for _, _, count in desk.store.sends] == [3, 1]


def full(*names: str) -> Callable[[str], None]:
    def fault(name: str) -> None:
        if name in names:
            raise NotNow("the disk is full")

    return fault


def test_after_a_failure_nothing_is_handed_over() -> None:
    async def test(desk: Desk) -> None:
        desk.sent(0)
        same_group = desk.recorder.hand_over(desk.claims[1].id)
        call = asyncio.ensure_future(desk.recorder.call(desk.store.waiting))
        await asyncio.sleep(0)
        later = desk.recorder.hand_over(desk.claims[2].id)
        later_call = asyncio.ensure_future(desk.recorder.call(desk.store.waiting))
        assert await same_group is False
        assert await later is False
        assert isinstance(desk.recorder.broken, NotNow)
        assert await desk.recorder.hand_over(desk.claims[3].id) is False
        with pytest.raises(NotNow):
            await call
        with pytest.raises(NotNow):
            await later_call
        with pytest.raises(NotNow):
            await desk.recorder.call(desk.store.waiting)
        assert not await desk.recorder.flush()

    desk = run(test, lambda: Desk(full("settle")))
    assert len(desk.broke) == 1
    assert desk.told == []


def test_a_flush_tries_what_is_left_once_more_and_nothing_twice() -> None:
    async def test(desk: Desk) -> None:
        await each(desk.recorder.hand_over(claim.id) for claim in desk.claims[:2])
        desk.store._fault = full("put_back", "count_sent")
        desk.sent(0)
        desk.recorder.put_back(desk.claims[3].id)
        desk.recorder.count(desk.clock.now())
        assert not await desk.recorder.flush()
        desk.sent(1)
        desk.store._fault = full()
        assert await desk.recorder.flush()

    desk = run(test)
    outcomes = [row.outcome for row in desk.store.rows.values()]
    assert outcomes == [Outcome.SENT, Outcome.SENT, Outcome.CLAIMED, Outcome.QUEUED, Outcome.CLAIMED]
    assert [count for _, _, count in desk.store.sends] == [1]
    assert len(desk.told) == 2


def test_a_flush_of_nothing() -> None:
    async def test(desk: Desk) -> None:
        assert await desk.recorder.flush()

    assert run(test).store.calls == {}


def quick() -> Desk:
    desk = Desk()
    desk.store.quick = True
    return desk


def test_where_the_ledger_is_quick_no_thread_is_waited_for() -> None:
    async def test(desk: Desk) -> None:
        first = desk.recorder.hand_over(desk.claims[0].id, alone=True)
        assert first.done()
        assert first.result()
        others = [desk.recorder.hand_over(claim.id) for claim in desk.claims[1:3]]
        desk.sent(0)
        assert not any(other.done() for other in others)
        assert await each(others) == [True, True]
        assert desk.store.threads == {threading.get_ident()}
        assert await desk.recorder.flush()

    assert run(test, quick).store.calls == {"hand_over": 2, "settle": 1}


def test_a_claim_that_waits_for_the_disk_holds_nobody_up() -> None:
    async def test(desk: Desk) -> None:
        on_disk = threading.Event()
        claim = asyncio.ensure_future(desk.recorder.call(on_disk.wait))
        assert await desk.recorder.hand_over(desk.claims[0].id)
        desk.sent(0)
        assert await desk.recorder.hand_over(desk.claims[1].id)
        assert not claim.done()
        on_disk.set()
        assert await claim

    assert len(run(test, quick).told) == 1


def test_claims_are_given_once_they_are_firm() -> None:
    async def test(desk: Desk) -> None:
        desk.recorder.put_back(desk.claims[4].id)
        assert await desk.recorder.flush()
        on_disk = threading.Event()

        def slow(name: str) -> None:
            assert name != "firm" or on_disk.wait(10)

        desk.store._fault = slow
        claim = asyncio.ensure_future(desk.recorder.claim(5))
        assert await desk.recorder.hand_over(desk.claims[0].id), "what is on its way goes on meanwhile"
        assert desk.store.of(desk.claims[4].email).outcome is Outcome.CLAIMED
        assert not claim.done()
        on_disk.set()
        assert [one.id for one in await claim] == [desk.claims[4].id]

    assert run(test, quick).store.calls["firm"] == 1


def test_a_claim_sees_what_was_put_back_before_it() -> None:
    async def test(desk: Desk) -> None:
        desk.recorder.put_back(desk.claims[4].id)
        assert [one.id for one in await desk.recorder.claim(5)] == [desk.claims[4].id]

    run(test, quick)


def test_a_claim_that_may_not_wait_waits_in_the_thread() -> None:
    async def test(desk: Desk) -> None:
        desk.recorder.put_back(desk.claims[4].id)
        assert await desk.recorder.flush()
        desk.store.threads.clear()
        assert [one.id for one in await desk.recorder.claim(5)] == [desk.claims[4].id]
        assert threading.get_ident() not in desk.store.threads

    assert "firm" not in run(test).store.calls


def test_a_claim_that_fails_at_once_is_a_failure() -> None:
    async def test(desk: Desk) -> None:
        desk.store._fault = full("claim")
        with pytest.raises(NotNow):
            await desk.recorder.claim(5)
        assert await desk.recorder.hand_over(desk.claims[0].id) is False

    assert len(run(test, quick).broke) == 1


def test_a_group_waits_for_what_the_next_turns_bring() -> None:
    async def test(desk: Desk) -> None:
        first = desk.recorder.hand_over(desk.claims[0].id)
        await asyncio.sleep(0)
        second = desk.recorder.hand_over(desk.claims[1].id)
        assert await each([first, second]) == [True, True]

    assert run(test, quick).store.calls == {"hand_over": 1}


def test_what_is_more_than_a_turn_goes_before_what_comes_later() -> None:
    async def test(desk: Desk) -> None:
        desk.recorder.put_back(desk.claims[4].id)
        first = desk.recorder.hand_over(desk.claims[0].id)
        await asyncio.sleep(0)
        second = desk.recorder.hand_over(desk.claims[1].id, alone=True)
        assert not second.done(), "the thread has a group in its hands that nothing may overtake"
        assert await first
        assert await second

    run(test, quick)


def test_a_failure_at_once_is_a_failure() -> None:
    async def test(desk: Desk) -> None:
        desk.store.quick = True
        await desk.recorder.hand_over(desk.claims[0].id)
        desk.sent(0)
        assert await desk.recorder.hand_over(desk.claims[1].id, alone=True) is False
        assert isinstance(desk.recorder.broken, NotNow)
        desk.store._fault = full()
        assert await desk.recorder.flush()

    desk = run(test, lambda: Desk(full("settle")))
    assert len(desk.broke) == 1
    assert [row.outcome for row in desk.store.rows.values()][:2] == [Outcome.SENT, Outcome.CLAIMED]
