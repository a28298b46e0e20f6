"""What is SQLite's own: pragmas, BEGIN IMMEDIATE, the driver's hot path, copies; `pouring` has the rest.

A connection is in WAL mode with synchronous=FULL; a run's own is NORMAL: hand-overs and outcomes survive a SIGKILL but
not a power cut (recovery reads the boot id for that). What must survive one is synced to the disk after its commit,
as FULL would, but with the write lock given back, so that nobody waits for the disk but who asked for it. Errors of
the driver leave this module as `faults` has them.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing, contextmanager, suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, ExceptionContext, QueuePool, create_engine, event

from newsletter_cli.ledger import faults
from newsletter_cli.ledger.hot import READING, Busy
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from newsletter_cli.ledger.hot import Statement
    from newsletter_cli.problems import NewsletterError

# Every write is short but one: queueing a million rows holds the lock for some seconds.
BUSY_S = 30
# 8 MiB of pages: twice as many save a million random keys half a second of seven, and each connection has its own.
_CACHE_KIB = 8_192
# 16 MB of log between checkpoints; a checkpoint costs two fsyncs.
_CHECKPOINT_PAGES = 4_000
# A run's log is brought into the file after so many claims, in a thread; one group changes some hundred pages.
_FIRM_BETWEEN_CHECKPOINTS = 16
# Who may not wait for the write lock gives up after this; who may tries again until BUSY_S.
_SHORT_S = 0.005
_TRIES = int(BUSY_S / _SHORT_S)
_LOG_LIMIT_OCTETS = 67_108_864
# What a connection that writes is told of its log, and of the disk.
LASTING = (
    "synchronous = FULL",
    f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
    f"journal_size_limit = {_LOG_LIMIT_OCTETS}",
)
_MAGIC = b"SQLite format 3\0"


def engine(path: Path, *, query: str = "") -> Engine:
    """An engine on the file; `query` (``mode=ro``, ``immutable=1``) makes all of its connections read only."""
    address = uri(path, query or "mode=rw")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)

    made = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=2, max_overflow=-1)
    _listen(made, path, read_only=bool(query))
    return made


def uri(path: Path, query: str) -> str:
    """A file as SQLite is told of it with what it may do to it (sqlite.org/uri.html)."""
    # ? and # end the path, % escapes.
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?{query}"


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
            for pragma in LASTING:
                driver.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            raise explained(error, path) from error

    govern(made, path, read_only=read_only)


def govern(made: Engine, path: Path, *, read_only: bool = False) -> None:
    """Let an engine's transactions begin as ours do, and its errors be told as ours are."""

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
        pooled.detach()  # its pragmas are its own, so it never goes back to the pool
        self._engine = made
        self._driver = driver
        self._dialect = made.dialect
        self._path = path
        self._lock = threading.RLock()
        self._compiled: dict[Statement, tuple[str, Callable[[Any], Any] | None]] = {}
        self._log = -1
        self._firm_since = 0
        self._checkpointing: threading.Thread | None = None
        (mode,) = driver.execute("PRAGMA journal_mode").fetchone()
        self._has_log = mode == "wal"  # a file system without shared memory has no WAL: then FULL it is
        if self._has_log:
            driver.execute("PRAGMA synchronous = NORMAL")
            driver.execute("PRAGMA wal_autocheckpoint = 0")
        driver.execute(f"PRAGMA busy_timeout = {int(_SHORT_S * 1000)}")

    @contextmanager
    def transaction(self, *, firm: bool, wait: bool = True) -> Iterator[None]:
        """A write transaction; where `firm`, on the disk at the end. Raises Busy where it may not `wait`."""
        try:
            self._begin(wait=wait)
            try:
                try:
                    yield
                    self._driver.commit()
                except BaseException:
                    self._driver.rollback()
                    raise
            finally:
                self._lock.release()
        except sqlite3.Error as error:
            raise explained(error, self._path) from error
        if firm:
            self.firm()

    def _begin(self, *, wait: bool) -> None:
        """Take this connection's lock and then the write lock."""
        for left in reversed(range(_TRIES)):
            if not self._lock.acquire(timeout=-1 if wait else _SHORT_S):
                raise Busy
            try:
                self._driver.execute("BEGIN IMMEDIATE")
            except BaseException as error:
                self._lock.release()
                if not _is_busy(error):
                    raise
                if not wait:
                    raise Busy from error
                if not left:
                    raise
            else:
                return

    def firm(self) -> None:
        """Bring all that is committed to the disk: what FULL does at a commit, without holding the write lock."""
        if not self._has_log:
            return
        try:
            if self._log < 0:
                # A descriptor of our own is harmless here: SQLite's locks are on the other two files.
                self._log = os.open(f"{os.path.realpath(self._path)}-wal", os.O_RDWR)
            _to_disk(self._log)
        except OSError as error:
            raise faults.from_os(
                error, file=str(self._path), doing="the ledger cannot be written", code="ledger-sync"
            ) from error
        self._firm_since += 1
        if self._firm_since >= _FIRM_BETWEEN_CHECKPOINTS and not (
            self._checkpointing and self._checkpointing.is_alive()
        ):
            self._firm_since = 0
            self._checkpointing = threading.Thread(target=self._checkpoint, name="checkpoint", daemon=True)
            self._checkpointing.start()

    def _checkpoint(self) -> None:
        """Bring the log into the file while the run goes on, then stop it for the rest: the log can begin anew."""
        # Where it fails it is tried again with the next groups; what is wrong with the disk, they say.
        with suppress(sqlite3.Error), closing(self._engine.raw_connection()) as pooled:
            driver = pooled.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            _, pages, _ = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages >= _CHECKPOINT_PAGES:
                with self._lock:
                    driver.execute("PRAGMA wal_checkpoint(PASSIVE)")

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
        for left in reversed(range(_TRIES)):
            try:
                with self._lock:
                    return self.fetch(statement, values)
            except sqlite3.Error as error:
                if not (left and _is_busy(error)):
                    raise explained(error, self._path) from error
        raise AssertionError("the last try gives or raises")

    def close(self) -> None:
        """Close the connection."""
        if self._checkpointing:
            self._checkpointing.join()
        if self._log >= 0:
            os.close(self._log)
            self._log = -1
        self._driver.close()

    def _sql(self, statement: Statement) -> tuple[str, Callable[[Any], Any] | None]:
        """The statement in SQLite's words, and how its values are put into their places (None: as they come)."""
        found = self._compiled.get(statement)
        if found is None:
            found = self._compiled[statement] = compiled(statement, self._dialect)
        return found


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


# Not every system can leave out what is not needed to read the file again.
_to_disk = getattr(os, "fdatasync", os.fsync)


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
            driver_of(connection).backup(into)
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


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's connection below SQLAlchemy's."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def compact(made: Engine, path: Path) -> None:
    """Write the file anew and empty the log: nothing of what was deleted or replaced is left in either."""
    with made.connect() as connection:
        try:
            driver_of(connection).execute("VACUUM")
            # A reader at work keeps the log; a later checkpoint then empties it.
            driver_of(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise explained(error, path) from error
