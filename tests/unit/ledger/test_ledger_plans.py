"""How SQLite answers: with a million recipients no call may look through all of them, or sort them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from newsletter_cli.ledger.model import SoftBounce
from newsletter_cli.ledger.states import Outcome
from tests.doubles.ledgers import (
    DAY,
    begun,
    frozen,
    mailed,
    opened,
    person,
    post,
    reader,
    readers,
    settled,
    suppression,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from newsletter_cli.ledger.run import Run
    from newsletter_cli.ledger.store import Ledger


class Watch:
    """Collects the statements of all connections, and tells SQLite's plan of each."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".newsletter/ledger.sqlite3"
        self.seen: list[str] = []

    def plans(self) -> dict[str, list[str]]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for sql in self.seen:
                if sql.startswith("CREATE TEMP TABLE"):
                    connection.execute(sql)
            return {
                sql: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
                for sql in dict.fromkeys(self.seen)
                if sql.split()[0] in ("SELECT", "UPDATE", "INSERT", "DELETE")
            }


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Ledger, Watch]]:
    watch = Watch(tmp_path)
    with opened(tmp_path) as ledger:

        @event.listens_for(ledger.database.engine, "connect")
        def trace(driver: sqlite3.Connection, *_: object) -> None:
            driver.set_trace_callback(watch.seen.append)

        ledger.database.engine.dispose()
        begun(ledger, range(20))
        yield ledger, watch


def try_again(run: Run) -> None:
    (claim,) = mailed(run, 1, Outcome.DEFERRED, next_try_at=DAY)
    (again,) = run.claim(1)
    assert again.id == claim.id
    run.put_back([again.id])


def single(ledger: Ledger) -> None:
    with ledger.start_run(1, only=person(4)) as run:
        run.claim(1)


CALLS: dict[str, Callable[[Ledger, Run], object]] = {
    "claim": lambda _, run: run.claim(3),
    "send": lambda _, run: mailed(run, 2, queue_id="Q"),
    "retry": lambda _, run: try_again(run),
    "suppress at once": lambda _, run: run.suppress(run.claim(1)[0], "550"),
    "settle what another hand took": lambda _, run: run.settle([settled(run.claim(1)[0], Outcome.FAILED)]),
    "state": lambda _, run: run.state(),
    "waiting": lambda _, run: run.waiting(),
    "next try": lambda _, run: run.next_try_at(),
    "count for a quota": lambda _, run: run.count_sent("a", 1, DAY),
    "ask for a quota": lambda _, run: run.sent_since("a", DAY),
    "rows": lambda ledger, _: list(ledger.recipients(1)),
    "one row": lambda ledger, _: list(ledger.recipients(1, after=5, limit=1)),
    "some rows": lambda ledger, _: list(ledger.recipients(1, [Outcome.FAILED, Outcome.UNKNOWN], limit=5)),
    "who waits": lambda ledger, _: list(ledger.waiting(1)),
    "counts": lambda ledger, _: ledger.counts(1),
    "withdraw": lambda ledger, _: ledger.withdraw(1, [3]),
    "pause": lambda ledger, _: ledger.set_state(1, ledger.state(1)),
    "cancel": lambda ledger, _: ledger.cancel(1),
    "finish": lambda ledger, _: ledger.finish(1, "stamp"),
    "requeue one": lambda ledger, _: ledger.requeue(1, [Outcome.SENT], person(1)),
    "retry failed": lambda ledger, _: ledger.requeue(1, [Outcome.FAILED]),
    "again": lambda ledger, _: ledger.add(1, readers(1, 99)),
    "fill": lambda ledger, _: ledger.fill(1, readers(1)),
    "unbegin": lambda ledger, _: ledger.unbegin(1, ""),
    "suppress for one": lambda ledger, _: ledger.suppressions.add(suppression(person(1), "letter")),
    "suppress everywhere": lambda ledger, _: ledger.suppressions.add(suppression(person(2, "*"))),
    "unsuppress": lambda ledger, _: ledger.suppressions.remove(person(1)),
    "is suppressed": lambda ledger, _: ledger.suppressions.is_suppressed(person(1), person(1, "*")),
    "among": lambda ledger, _: list(ledger.suppressions.among([person(1)])),
    "why": lambda ledger, _: ledger.history(lambda newsletter: person(1, newsletter)),
    "find a person": lambda ledger, _: ledger.find_recipient(person=person(1)),
    "find a queue id": lambda ledger, _: ledger.find_by_queue_id("Q"),
    "forget": lambda ledger, _: ledger.forget(lambda newsletter: person(1, newsletter), person(1, "*")),
    "bounce": lambda ledger, _: ledger.bounces.record(b"d", "m", soft=[SoftBounce(person=person(1), bounced_at=DAY)]),
    "another run": lambda ledger, _: ledger.start_run(1).close(),
    "single": lambda ledger, _: single(ledger),
    "second campaign": lambda ledger, _: ledger.begin(
        "letter", post(post_id="2", path="b", body_hash="b"), "uid2", frozen(), [reader(1)]
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_no_call_looks_through_all_recipients(watched: tuple[Ledger, Watch], name: str) -> None:
    ledger, watch = watched
    with ledger.start_run(1) as run:
        watch.seen.clear()
        CALLS[name](ledger, run)
        plans = watch.plans()
    assert plans
    for sql, plan in plans.items():
        for step in plan:
            # An index that holds all that is asked for is looked through to count; 40 ms for a million.
            bare = "SCAN recipients" in step and "COVERING INDEX" not in step
            assert not bare, f"{sql}\n{plan}"


@pytest.mark.parametrize("name", ["claim", "send", "retry", "rows", "one row", "some rows", "who waits", "state"])
def test_no_call_sorts_all_recipients(watched: tuple[Ledger, Watch], name: str) -> None:
    ledger, watch = watched
    with ledger.start_run(1) as run:
        watch.seen.clear()
        CALLS[name](ledger, run)
        plans = watch.plans()
    for sql, plan in plans.items():
        if "outcome IN ('deferred')" not in sql:
            assert not any("TEMP B-TREE" in step for step in plan), f"{sql}\n{plan}"
