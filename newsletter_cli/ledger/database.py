"""The ledger's database behind any SQLAlchemy URL: opened, brought up to date, read and written.

`open_database` gives a `Database` to write, or, with ``create=False``, one to read that leaves every file as it is.
Two kinds of transactions: `reading` sees one consistent state and waits for nobody; `writing` holds the write lock
from its first statement. Raises Refused and NotNow in the words of `faults`; what escapes else is a fault of this
program.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError

from newsletter_cli.ledger import faults, places, postgresql, pouring, schema, snapshot, sqlite, tables
from newsletter_cli.ledger.hot import READING, CoreHot, Hot
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Database:
    """An open ledger's database. `path` is the file, None for a database server; `shown` names it to people.

    `mark` says which file was opened (`places.mark`). Connections are made by the path: where that holds another file
    since, or none, every transaction raises NotNow instead of going on in a ledger that is not this one.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        shown: str,
        path: Path | None = None,
        mark: tuple[int, int] | None = None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.engine = engine
        self.shown = shown
        self.path = path
        self._mark = mark
        self._close = close or engine.dispose
        self.lock_stands: Callable[[], bool] | None = None  # while the sender's lock is held (`lock.sender`)
        self.check: Callable[[], None] = lambda: None

    def require_place(self) -> None:
        """Raise NotNow where another file, or none, stands where the ledger was opened or the sender's lock was taken.

        A sender that begins there knows nothing of this one: everyone would get the mail of both.
        """
        stands = self._mark is None or self.path is None or places.mark(self.path) == self._mark
        if not stands or (self.lock_stands is not None and not self.lock_stands()):
            raise faults.moved(self.shown, sending=self.lock_stands is not None)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        self.require_place()
        with (
            self.engine.connect().execution_options(**{READING: True}) as connection,
            connection.begin(),
        ):
            self.require_place()
            yield connection
        self.check()

    @contextmanager
    def writing(self, *, beside: sqlite3.Connection | None = None) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, rolled back by an exception.

        In SQLite it can go by a connection to another database (`beside`), to copy from that (`pouring`).
        """
        self.require_place()
        with ExitStack() as stack:
            engine = self.engine
            if beside is not None and self.path is not None:
                engine = stack.enter_context(pouring.beside(beside, self.path))
            connection = stack.enter_context(engine.connect())
            stack.enter_context(connection.begin())
            self.require_place()
            yield connection

    def hot(self) -> Hot:
        """A connection for a run."""
        if self.path is not None:
            return sqlite.SqliteHot(self.engine, self.path)
        return CoreHot(self.engine)

    def close(self) -> None:
        """Give all connections back; the last one to close empties SQLite's log."""
        self._close()


def open_database(url: str, *, folder: Path, create: bool) -> Database | None:
    """Open the database of a URL; a relative path counts from `folder`.

    With ``create=False``: None where there is no ledger yet, and no file appears or changes.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        return _open_server(parsed, create=create)
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise Refused(
            Problem(
                text=f"[ledger] url {url!r} names no file",
                hint="write sqlite:///.newsletter/ledger.sqlite3: a ledger in memory forgets who got the mail",
                code="ledger-url",
            )
        )
    path = places.resolve(parsed.database, folder)
    places.refuse_network(path)
    if create:
        return _open_file(path)
    found = snapshot.take(path)
    if found is None:
        return None
    database = Database(found.engine, shown=str(path), path=path, close=found.close)
    database.check = found.check
    return database


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise Refused(
            Problem(
                text=f"[ledger] url {url!r} is no database URL",
                hint="write sqlite:///.newsletter/ledger.sqlite3 or postgresql://user@host/name",
                code="ledger-url",
            )
        ) from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise Refused(
            Problem(
                text=f"[ledger] url: {parsed.get_backend_name()} cannot hold a ledger",
                hint="SQLite and PostgreSQL can",
                code="ledger-url",
            )
        )
    return parsed


def _open_file(path: Path) -> Database:
    places.make_folder(path)
    if not path.exists():
        snapshot.make_new(path)
    engine = sqlite.engine(path)
    database = Database(
        engine, shown=str(path), path=path, mark=places.mark(path), close=lambda: snapshot.closed(path, engine)
    )
    snapshot.opened(path)
    try:
        with database.reading() as connection:
            current = schema.revision(connection, shown=database.shown)
        if current != tables.REVISION:
            with database.writing() as connection:
                schema.bring_up_to_date(connection, shown=database.shown)
    except BaseException:
        database.close()
        raise
    return database


def _open_server(url: URL, *, create: bool) -> Database | None:
    shown = url.render_as_string(hide_password=True)
    try:
        engine = create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise Refused(
            Problem(
                text=f"{shown}: the driver of this database is not installed ({error.name})",
                hint="pip install 'newsletter-cli[postgresql]'",
                code="ledger-driver",
            )
        ) from error

    @event.listens_for(engine, "handle_error", retval=True)
    def explain(context: ExceptionContext) -> BaseException | None:
        away = isinstance(context.sqlalchemy_exception, OperationalError | InterfaceError)
        return faults.from_server(context.original_exception, shown=shown) if away else None

    postgresql.one_writer(engine)
    database = Database(engine, shown=shown)
    try:
        if _server_is_ready(database, create=create):
            return database
    except BaseException:
        database.close()
        raise
    database.close()
    return None


def _server_is_ready(database: Database, *, create: bool) -> bool:
    """Bring the schema up to date where `create`; False where there is none. Raises Refused for an older one."""
    with database.reading() as connection:
        current = schema.revision(connection, shown=database.shown)
    if current == tables.REVISION:
        return True
    if create:
        with database.writing() as connection:
            schema.bring_up_to_date(connection, shown=database.shown)
        return True
    if not current:
        return False
    raise Refused(
        Problem(
            text=f"the ledger has the schema of an older version ({current})",
            file=database.shown,
            hint="the next send brings it up to date",
            code="ledger-older",
        )
    )
