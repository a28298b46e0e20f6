from __future__ import annotations

import asyncio

import pytest

from newsletter_cli.delivery.prompt import Prompt


def test_whoever_waits_goes_on_before_the_giver() -> None:
    seen: list[str] = []

    async def wait(prompt: Prompt[int]) -> None:
        seen.append(f"waits for {prompt.done()}")
        seen.append(f"has {await prompt}")

    def give(prompt: Prompt[int]) -> None:
        prompt.give(7)
        seen.append("given")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        prompt = Prompt[int](loop)
        task = asyncio.ensure_future(wait(prompt))
        await asyncio.sleep(0)
        loop.call_soon(give, prompt)
        await task

    asyncio.run(main())
    assert seen == ["waits for False", "has 7", "given"]


def test_what_is_given_already_is_not_waited_for() -> None:
    async def main() -> tuple[int, bool]:
        prompt = Prompt[int](asyncio.get_running_loop())
        prompt.give(1)
        prompt.give(2)
        turns: list[None] = []
        asyncio.get_running_loop().call_soon(turns.append, None)
        return await prompt, bool(turns)

    assert asyncio.run(main()) == (1, False)


def test_given_by_a_task_it_wakes_in_the_next_turn() -> None:
    """One task cannot be run from within another."""

    async def wait(prompt: Prompt[str], seen: list[str]) -> None:
        seen.append(await prompt)

    async def main() -> list[str]:
        prompt, seen = Prompt[str](asyncio.get_running_loop()), list[str]()
        task = asyncio.ensure_future(wait(prompt, seen))
        await asyncio.sleep(0)
        prompt.give("later")
        assert not seen
        await task
        return seen

    assert asyncio.run(main()) == ["later"]


@pytest.mark.parametrize("too_late", [False, True])
def test_a_task_that_is_cancelled_while_it_waits(too_late: bool) -> None:
    async def wait(prompt: Prompt[int], seen: list[str]) -> None:
        try:
            await prompt
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def main() -> list[str]:
        prompt, seen = Prompt[int](asyncio.get_running_loop()), list[str]()
        task = asyncio.ensure_future(wait(prompt, seen))
        await asyncio.sleep(0)
        task.cancel()
        if too_late:
            prompt.give(1)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert prompt.done()
        return seen

    assert asyncio.run(main()) == ["cancelled"]


def test_a_failure_of_whoever_waits_is_the_tasks_own() -> None:
    async def wait(prompt: Prompt[int]) -> None:
        await prompt
        raise ValueError("its own")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        prompt = Prompt[int](loop)
        task = asyncio.ensure_future(wait(prompt))
        await asyncio.sleep(0)
        loop.call_soon(prompt.give, 1)
        with pytest.raises(ValueError, match="its own"):
            await task

    asyncio.run(main())
