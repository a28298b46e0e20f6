"""How work grows with what it is given, counted in this process's CPU time: a loaded machine makes it no longer.

Used where a promise reads "in linear time". Two sizes are measured rather than one limit in seconds: a limit holds
on one machine and for one day.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 8
# Linear work grows 8 times, n log n 10 times, quadratic work 64 times. Caches and neighbours on the core do the rest.
MOST = 24
# Below this the clock's steps and the first touch of a page weigh more than the work.
FLOOR_S = 0.004
TRIES = 4


def cost_s(work: Callable[[], object]) -> float:
    """The CPU seconds of `work`, the rubbish of others left lying."""
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        work()
        return time.process_time() - began
    finally:
        gc.enable()


def assert_linear(work: Callable[[int], object], most: int) -> None:
    """`work` on `most` things costs about eight times what it costs on an eighth of them.

    The least cost seen so far of either size counts: whatever disturbs a measurement only ever adds to it.
    """
    few = max(1, most // TIMES)
    work(few)
    small, large = float("inf"), float("inf")
    for _ in range(TRIES):
        small = min(small, cost_s(lambda: work(few)))
        large = min(large, cost_s(lambda: work(most)))
        if large <= MOST * max(small, FLOOR_S):
            return
    raise AssertionError(
        f"{few} took {small:.3f} s, {most} took {large:.3f} s of CPU: {large / small:.0f} times as much"
    )
