"""Which schema a database holds, and how it gets to the newest one.

A new ledger is made from the metadata and stamped, which a test holds to be the same as migrating; Alembic (700 ms of
import) is loaded only where the stored revision is an older one. Raises Refused for a schema from the future and for
a database of something else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select

from newsletter_cli.ledger import tables
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"

# Alembic's own table, under a name that leaves room for another program's in the same PostgreSQL database.
VERSION_TABLE = "ledger_revision"
_version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


def revision(connection: Connection, *, shown: str) -> str:
    """The revision that the database holds; empty where it holds nothing yet. Raises Refused."""
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        found = connection.execute(select(_version.c.version_num)).scalar() or ""
        # Revisions are numbers with leading zeros.
        if found > tables.REVISION:
            raise Refused(
                Problem(
                    text=f"the ledger was written by a newer version of newsletter (schema {found}, this one knows "
                    f"{tables.REVISION})",
                    file=shown,
                    hint="update newsletter",
                    code="ledger-newer",
                )
            )
        return found
    if names & set(tables.metadata.tables) or (names and connection.dialect.name == "sqlite"):
        raise Refused(
            Problem(
                text="this database belongs to another program",
                file=shown,
                hint="set [ledger] url to another place",
                code="ledger-foreign",
            )
        )
    return ""


def bring_up_to_date(connection: Connection, *, shown: str) -> bool:
    """Create or migrate inside the transaction of `connection`; gives whether the ledger is a new one."""
    found = revision(connection, shown=shown)
    if found == tables.REVISION:
        return False
    if found:
        migrate(connection)
        return False
    if connection.dialect.name == "postgresql":
        for index in tables.recipients.indexes:
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
    tables.metadata.create_all(connection)
    _version.metadata.create_all(connection)
    connection.execute(insert(_version).values(version_num=tables.REVISION))
    return True


def migrate(connection: Connection, target: str = "head") -> None:
    """Run the migrations that the database lacks, inside the transaction of `connection`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)
