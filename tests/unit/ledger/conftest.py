"""A ledger in an empty folder, and its clock. Where a PostgreSQL server can be had, each test runs there too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles import postgresql
from tests.doubles.ledgers import URL, StillClock, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter_cli.ledger.store import Ledger


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    if not postgresql.AVAILABLE:
        pytest.skip("no PostgreSQL here: Debian's server and psycopg are needed")
    with postgresql.serving() as server:
        yield server


@pytest.fixture(params=["sqlite", *(["postgresql"] if postgresql.AVAILABLE else [])])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return URL
    server: postgresql.Server = request.getfixturevalue("server")
    return server.fresh()


@pytest.fixture
def ledger(tmp_path: Path, clock: StillClock, url: str) -> Iterator[Ledger]:
    with opened(tmp_path, clock=clock, url=url) as ledger:
        yield ledger
