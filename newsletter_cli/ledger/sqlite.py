"""All that is SQLite's own: pragmas, BEGIN IMMEDIATE, the driver's hot path, copies.

A connection is in WAL mode with synchronous=FULL; a run's own switches to NORMAL for hand-overs and outcomes, which
then survive a SIGKILL but not a power cut (recovery reads the boot id for that). Errors of the driver leave this
module as `faults` has them.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, ExceptionContext, QueuePool, create_engine, event

from newsletter_cli.ledger import faults
from newsletter_cli.ledger.hot import READING
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from newsletter_cli.ledger.hot import Statement
    from newsletter_cli.problems import NewsletterError

# Every write is short but one: queueing a million rows holds the lock for some seconds.
BUSY_S = 30
# 16 MiB of pages: a million random keys go in at 5 s, against 4 s with all of them in memory.
_CACHE_KIB = 16_384
# 16 MB of log between checkpoints; a checkpoint costs two fsyncs.
_CHECKPOINT_PAGES = 4_000
_LOG_LIMIT_OCTETS = 67_108_864
# A group of rows on their way in, some 10 MB in a file without a name. At each statement SQLite keeps a copy of every
# page that it changes, and keys in no order change nearly all of an index: groups of 10,000 take half as long again.
_POURED_ROWS = 100_000
_MAGIC = b"SQLite format 3\0"


def engine(path: Path, *, query: str = "") -> Engine:
    """An engine on the file; `query` (``mode=ro``, ``immutable=1``) makes all of its connections read only."""
    uri = f"file:{_quoted(path)}?{query or 'mode=rw'}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)

    made = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=2, max_overflow=-1)
    _listen(made, path, read_only=bool(query))
    return made


def _quoted(path: Path) -> str:
    # sqlite.org/uri.html: ? and # end the path, % escapes.
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _listen(made: Engine, path: Path, *, read_only: bool) -> None:
    @event.listens_for(made, "connect")
    def prepare(driver: sqlite3.Connection, record: object) -> None:  # noqa: ARG001 - SQLAlchemy's signature
        try:
            driver.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            driver.execute("PRAGMA foreign_keys = ON")
            if read_only:
                driver.execute("PRAGMA query_only = ON")
                return
            driver.execute("PRAGMA journal_mode = WAL")
            driver.execute("PRAGMA synchronous = FULL")
            driver.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            driver.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT_OCTETS}")
        except sqlite3.Error as error:
            raise explained(error, path) from error

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        # SQLAlchemy leaves BEGIN to the driver, which would take the write lock only at the first write: two
        # transactions that read and then write would then fail each other instead of waiting.
        deferred = read_only or connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")

    @event.listens_for(made, "handle_error", retval=True)
    def explain(context: ExceptionContext) -> BaseException | None:
        found = context.original_exception
        return explanation(found, path) if isinstance(found, sqlite3.Error) else None


def explanation(error: sqlite3.Error, path: Path) -> NewsletterError | None:
    """What a driver's error means, or None where it is a fault of this program."""
    return faults.from_sqlite(error, file=str(path), free_octets=lambda: _free_octets(path))


def explained(error: sqlite3.Error, path: Path) -> BaseException:
    """The error to raise in the place of a driver's."""
    return explanation(error, path) or error


def _free_octets(path: Path) -> int:
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return 1 << 40
    return disk.f_bavail * disk.f_frsize


class SqliteHot:
    """A run's own connection, driven past SQLAlchemy: its statements, the driver's executemany."""

    def __init__(self, made: Engine, path: Path) -> None:
        pooled = made.raw_connection()
        driver = pooled.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        pooled.detach()  # it changes `synchronous`, so it never goes back to the pool
        self._driver = driver
        self._dialect = made.dialect
        self._path = path
        self._lock = threading.RLock()
        self._firm = True
        self._compiled: dict[Statement, tuple[str, Callable[[Any], Any] | None]] = {}

    @contextmanager
    def transaction(self, *, firm: bool) -> Iterator[None]:
        """A write transaction; FULL where `firm`, else NORMAL."""
        with self._lock:
            try:
                if firm != self._firm:
                    self._driver.execute(f"PRAGMA synchronous = {'FULL' if firm else 'NORMAL'}")
                    self._firm = firm
                self._driver.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._driver.commit()
                except BaseException:
                    self._driver.rollback()
                    raise
            except sqlite3.Error as error:
                raise explained(error, self._path) from error

    def many(self, statement: Statement, rows: Sequence[tuple[Any, ...]]) -> int:
        """Run a statement once per row; the sum of the rows it changed."""
        sql, order = self._sql(statement)
        return self._driver.executemany(sql, rows if order is None else map(order, rows)).rowcount

    def fetch(self, statement: Statement, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Run a query inside a transaction and give all of its rows."""
        sql, order = self._sql(statement)
        return self._driver.execute(sql, values if order is None else order(values)).fetchall()

    def read(self, statement: Statement, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Run a query by itself."""
        with self._lock:
            try:
                return self.fetch(statement, values)
            except sqlite3.Error as error:
                raise explained(error, self._path) from error

    def close(self) -> None:
        """Close the connection."""
        self._driver.close()

    def _sql(self, statement: Statement) -> tuple[str, Callable[[Any], Any] | None]:
        """The statement in SQLite's words, and how its values are put into their places (None: as they come)."""
        found = self._compiled.get(statement)
        if found is None:
            found = self._compiled[statement] = compiled(statement, self._dialect)
        return found


def compiled(statement: Statement, dialect: Any) -> tuple[str, Callable[[Any], Any] | None]:
    """A statement in the driver's words, and how the values are put into their places (None: as they come)."""
    made = statement.core.compile(dialect=dialect)  # type: ignore[attr-defined]  # Executable hides ClauseElement
    # Constants that the compiler adds (OFFSET 0) stand behind the values.
    constants = tuple(made.params[name] for name in made.positiontup or () if name not in statement.names)
    names = (*statement.names, *(name for name in made.positiontup or () if name not in statement.names))
    places = [names.index(name) for name in made.positiontup or ()]
    if places == list(range(len(statement.names))):
        return str(made), None
    getter = itemgetter(*places)
    if constants:
        return str(made), lambda row: getter((*row, *constants))
    return str(made), (lambda row: (getter(row),)) if len(places) == 1 else getter


def pour(
    connection: Connection,
    into: str,
    names: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
    *,
    same: Mapping[str, Any],
    path: Path,
) -> None:
    """Insert any number of rows in their order without holding them, inside the transaction of `connection`.

    `names` are the columns of `rows`, `same` those with one value for all. A row that is there already stays.
    They go by a temporary table, a group at a time: one INSERT … SELECT checks keys and writes indexes for all of a
    group, 4.0 s for a million against 5.3 s with a statement each.
    """
    driver = _driver(connection)
    columns = ", ".join(names)
    fill = f"INSERT INTO temp.poured VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - our own names
    # "WHERE true": without it SQLite would read ON CONFLICT as a join (sqlite.org/lang_upsert.html, Parsing Ambiguity).
    move = (
        f"INSERT INTO {into} ({columns}, {', '.join(same)})"  # noqa: S608 - our own names
        f" SELECT {columns}, {', '.join('?' * len(same))} FROM temp.poured WHERE true ORDER BY rowid"
        " ON CONFLICT DO NOTHING"
    )
    constants = tuple(same.values())
    rest = iter(rows)
    try:
        driver.execute(f"CREATE TEMP TABLE poured ({columns})")
        while driver.executemany(fill, islice(rest, _POURED_ROWS)).rowcount > 0:
            driver.execute(move, constants)
            driver.execute("DELETE FROM temp.poured")
        driver.execute("DROP TABLE temp.poured")
    except sqlite3.Error as error:
        raise explained(error, path) from error


def copy(made: Engine, path: Path, target: Path) -> None:
    """Write a consistent copy of the file at `path` to `target` (mode 0600), whoever is writing meanwhile.

    A copy that is there already is replaced once the new one is whole. Raises Refused where `target` is something
    else, or the ledger itself.
    """
    beside = target.with_name(f".{target.name}.new")
    try:
        if target.exists() and (target.samefile(path) or not _is_database(target)):
            raise _not_there(target)
        beside.unlink(missing_ok=True)
        beside.touch(mode=0o600)
        with made.connect() as connection, closing(sqlite3.connect(beside)) as into:
            _driver(connection).backup(into)
        beside.replace(target)
    except sqlite3.Error as error:
        raise explained(error, target) from error
    except OSError as error:
        raise faults.from_os(
            error, file=str(target), doing="the copy cannot be written", code="ledger-backup"
        ) from error


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _not_there(target: Path) -> Refused:
    return Refused(
        Problem(
            text="there is a file already that is no copy of a ledger",
            file=str(target),
            hint="name another file",
            code="ledger-backup",
        )
    )


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def compact(made: Engine, path: Path) -> None:
    """Write the file anew and empty the log: nothing of what was deleted or replaced is left in either."""
    with made.connect() as connection:
        try:
            _driver(connection).execute("VACUUM")
            # A reader at work keeps the log; a later checkpoint then empties it.
            _driver(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise explained(error, path) from error
