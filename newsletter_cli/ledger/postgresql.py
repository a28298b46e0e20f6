"""All that is PostgreSQL's own: one writer at a time, as in SQLite, and the sender's lock.

Both are advisory locks of the server, so they end with the connection that holds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, event, text

from newsletter_cli.ledger.hot import READING

if TYPE_CHECKING:
    from collections.abc import Callable

# Two keys of ours in the server's space of 64-bit numbers: "newslet1" and "newslet2" as octets.
_WRITER = int.from_bytes(b"newslet1")
_SENDER = int.from_bytes(b"newslet2")


def one_writer(engine: Engine) -> None:
    """Let transactions that write follow one another.

    Under READ COMMITTED a suppression and the deferral of the same person could each miss the other's row.
    """

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(READING):
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER})


def lock_sender(engine: Engine) -> tuple[Callable[[], None], int]:
    """Take the sender's lock; gives what releases it, and 0, or else the server process that holds it."""
    connection = engine.connect().execution_options(**{READING: True})
    with connection.begin():
        if connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _SENDER}).scalar():
            return (lambda: _release(connection)), 0
        holder = connection.execute(
            text(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND classid = :high AND objid = :low AND database = (SELECT oid FROM pg_database "
                "WHERE datname = current_database())"
            ),
            {"high": _SENDER >> 32, "low": _SENDER & 0xFFFFFFFF},
        ).scalar()
    connection.close()
    return (lambda: None), int(holder or -1)


def _release(connection: Connection) -> None:
    with connection.begin():
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _SENDER})
    connection.close()
