"""The statements that run once a mail, and the two ways to run them.

A `Statement` is SQLAlchemy Core over `tables`, with the order in which its values are given as plain tuples (instants
as integers, states as text: what the driver takes). `CoreHot` executes it through SQLAlchemy, on any database;
`sqlite.SqliteHot` through the driver, which halves the time of a group of 16.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine, Executable, Row


# The execution option of a transaction that only reads.
READING = "ledger_reading"


class Busy(Exception):
    """The write lock is another's just now, and the caller may not wait for it. Nothing was done."""


class Statement:
    """A Core statement whose values are named by `names`, in the order of the tuples it is run with."""

    __slots__ = ("core", "names")

    def __init__(self, core: Executable, *names: str) -> None:
        self.core = core
        self.names = names

    def named(self, row: Sequence[Any]) -> dict[str, Any]:
        """One tuple of values by name."""
        return dict(zip(self.names, row, strict=True))


class Hot(Protocol):
    """One connection for one run: transactions from any thread, one after the other."""

    def transaction(self, *, firm: bool, wait: bool = True) -> AbstractContextManager[None]:
        """A write transaction, committed at the end. `firm`: it must survive a power cut, not only a SIGKILL.

        Without `wait` it takes some milliseconds at most, or raises Busy.
        """

    def firm(self) -> None:
        """Let what is committed survive a power cut."""

    def many(self, statement: Statement, rows: Sequence[tuple[Any, ...]]) -> int:
        """Run a statement once per row; gives how many rows of the table it changed altogether."""

    def fetch(self, statement: Statement, values: tuple[Any, ...]) -> Sequence[Sequence[Any]]:
        """Run a query inside a transaction and give all of its rows."""

    def read(self, statement: Statement, values: tuple[Any, ...]) -> Sequence[Sequence[Any]]:
        """Run a query by itself: it waits for no other writer."""

    def close(self) -> None:
        """Give the connection back."""


class CoreHot:
    """The statements through SQLAlchemy: PostgreSQL, where every commit is durable."""

    def __init__(self, engine: Engine, connection: Connection | None = None) -> None:
        self._engine = engine
        self._connection = connection or engine.connect()
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self, *, firm: bool, wait: bool = True) -> Iterator[None]:  # noqa: ARG002 - see below
        """A write transaction. The server decides how durable a commit is, and is never fast enough not to wait."""
        if not wait:
            raise Busy
        with self._lock, self._connection.begin():
            yield

    def firm(self) -> None:
        """Nothing: every commit was."""

    def many(self, statement: Statement, rows: Sequence[tuple[Any, ...]]) -> int:
        """Run a statement once per row; the sum of the rows it changed."""
        if not rows:
            return 0
        return self._connection.execute(statement.core, [statement.named(row) for row in rows]).rowcount

    def fetch(self, statement: Statement, values: tuple[Any, ...]) -> Sequence[Row[Any]]:
        """Run a query inside a transaction and give all of its rows."""
        return self._connection.execute(statement.core, statement.named(values)).all()

    def read(self, statement: Statement, values: tuple[Any, ...]) -> Sequence[Row[Any]]:
        """Run a query by itself."""
        reader = self._engine.connect().execution_options(**{READING: True})
        with reader as connection, connection.begin():
            return connection.execute(statement.core, statement.named(values)).all()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
