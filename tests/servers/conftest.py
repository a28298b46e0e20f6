"""The servers of these tests run in threads of the same process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def brisk_threads() -> Iterator[None]:
    """Server, loop and ledger take turns quickly: a turn of 5 ms would make every reply that late."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    yield
    sys.setswitchinterval(before)
