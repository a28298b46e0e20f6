"""A ledger in an empty folder, and its clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.ledgers import StillClock, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter_cli.ledger.store import Ledger


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: StillClock) -> Iterator[Ledger]:
    with opened(tmp_path, clock=clock) as ledger:
        yield ledger
