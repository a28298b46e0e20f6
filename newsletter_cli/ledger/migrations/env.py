"""Alembic's entry: migrations run in the transaction of the connection that `schema.migrate` hands in."""

from __future__ import annotations

from alembic import context

from newsletter_cli.ledger.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
context.run_migrations()
