"""What the ledger knows of itself: its id, and the fingerprint of the identity key that its persons are hashed with."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from newsletter_cli.ledger.tables import about
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter_cli.ledger.database import Database


def introduce(database: Database, identity: str, now: datetime, random: bytes | None) -> str:
    """The ledger's id, given at its first opening for writing; empty where it has none. Raises Refused."""
    with database.reading() as connection:
        known = read(connection)
    if "ledger_id" not in known and random is not None:
        with database.writing() as connection:
            known = read(connection)
            if "ledger_id" not in known:
                known = {
                    "ledger_id": base64.b32encode(random).decode().rstrip("=").lower(),
                    "identity": identity,
                    "begun": now.isoformat(),
                }
                for name, value in known.items():
                    connection.execute(insert(about).values(name=name, value=value))
    stored = known.get("identity", "")
    if identity and stored and stored != identity:
        raise Refused(
            Problem(
                text=f"the keys at hand ({identity}) are not those that this ledger was begun with ({stored})",
                file=database.shown,
                hint="put the ledger's own keys beside it, or into NEWSLETTER_LEDGER_KEY: without them nobody in it "
                "can be known again",
                code="ledger-keys",
            )
        )
    return known.get("ledger_id", "")


def read(connection: Connection) -> dict[str, str]:
    """All of it, by name."""
    return {row.name: row.value for row in connection.execute(select(about))}


def put(connection: Connection, name: str, value: str) -> None:
    """Write one thing."""
    if not connection.execute(about.update().where(about.c.name == name).values(value=value)).rowcount:
        connection.execute(insert(about).values(name=name, value=value))
