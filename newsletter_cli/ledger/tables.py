"""The schema, once, as SQLAlchemy Core tables: SQLite is the embedded default, PostgreSQL the same code.

`REVISION` names the newest migration; `migrations/versions/` builds the same schema step by step and a test compares
the two. Instants are microseconds since 1970 UTC (`Instant`), persons 16 octets, states the words of `states`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

REVISION = "0001"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# SQLite numbers rows by itself only where the type is spelled INTEGER.
_Id = BigInteger().with_variant(Integer(), "sqlite")


def to_integer(instant: datetime) -> int:
    """An aware instant as the ledger stores it: exact, sortable, the same in every database."""
    return (instant - _EPOCH) // _MICROSECOND


def from_integer(stored: int) -> datetime:
    """The instant (UTC) of a stored integer."""
    return _EPOCH + stored * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC; NULL is None."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Into the database."""
        return None if value is None else to_integer(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the same
        """Out of the database."""
        return None if value is None else from_integer(value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# ledger_id, identity (the fingerprint of the identity key), begun (an instant), checked (the last `writable`).
about = Table(
    "about",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("uid", String, nullable=False),
    Column("newsletter", String, nullable=False),
    Column("post_id", String, nullable=False),
    Column("path", String, nullable=False),
    Column("body_hash", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("date", String, nullable=False),
    Column("state", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("source_hash", String, nullable=False),
    Column("begun_at", Instant),
    Column("finished_at", Instant),
    Column("sent_stamp", String, nullable=False),
    Column("stamped", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("wait_until", Instant),
    Column("list_rows", Integer),  # how many of the list could be mailed when it was begun; NULL: not known
    UniqueConstraint("newsletter", "uid"),
)

# What a campaign keeps of its first mail: apart from `campaigns`, since it is large and rarely read.
frozen_posts = Table(
    "frozen_posts",
    metadata,
    Column("campaign", ForeignKey("campaigns.id"), primary_key=True, autoincrement=False),
    Column("source", LargeBinary, nullable=False),
)
frozen_versions = Table(
    "frozen_versions",
    metadata,
    Column("campaign", ForeignKey("campaigns.id"), nullable=False),
    Column("version", String, nullable=False),
    Column("parts", LargeBinary, nullable=False),
    PrimaryKeyConstraint("campaign", "version"),
)

# One row per process that sent; `boot` tells after a crash whether the machine went down too.
runs = Table(
    "runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("campaign", ForeignKey("campaigns.id"), nullable=False),
    Column("boot", String, nullable=False),
    Column("process", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

# `id` ascends in list order. The server defaults keep the insert of a million rows short.
recipients = Table(
    "recipients",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("campaign", ForeignKey("campaigns.id"), nullable=False),
    Column("person", LargeBinary, nullable=False),
    Column("everywhere", LargeBinary, nullable=False),
    Column("email", String, nullable=False),  # empty once forgotten, and after an import until a list is read
    Column("version", String, nullable=False),
    Column("file", String, nullable=False),
    Column("line", Integer, nullable=False),
    Column("fields", Text),  # a JSON object; NULL where there are none
    Column("outcome", String, nullable=False),
    Column("run", ForeignKey("runs.id")),  # the run that touched it last
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("run_tries", Integer, nullable=False, server_default=text("0")),  # of them, those of the run at work
    Column("first_try_at", Instant),
    Column("next_try_at", Instant),  # of a deferred row only
    Column("code", Integer, nullable=False, server_default=text("0")),
    Column("reply", Text, nullable=False, server_default=text("''")),
    Column("queue_id", String, nullable=False, server_default=text("''")),
    Column("stage", String, nullable=False, server_default=text("''")),
    Column("updated_at", Instant),  # NULL: as it was enqueued
    UniqueConstraint("campaign", "person"),
    # Serves claims (queued rows in list order, deferred ones by time), counts and recovery.
    Index("ix_recipients_outcome", "campaign", "outcome", "next_try_at", "id"),
    # For PostgreSQL `schema` says the same: naming it here would load its dialect (15 ms) for everybody.
    Index("ix_recipients_queue_id", "queue_id", sqlite_where=text("queue_id <> ''")),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("who", LargeBinary, primary_key=True),
    Column("newsletter", String, nullable=False),
    Column("email", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("source", String, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("since", Instant, nullable=False),
)

# How many mails an SMTP account handed over in the minute that begins at `minute`: what sliding quotas count.
account_sends = Table(
    "account_sends",
    metadata,
    Column("account", String, nullable=False),
    Column("minute", Instant, nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("account", "minute"),
)

# Temporary bounces: at most one a person and campaign counts.
soft_bounces = Table(
    "soft_bounces",
    metadata,
    Column("person", LargeBinary, nullable=False),
    Column("campaign", ForeignKey("campaigns.id"), nullable=False),
    Column("bounced_at", Instant, nullable=False),
    Column("evidence", Text, nullable=False),
    PrimaryKeyConstraint("person", "campaign"),
)

# Digests of reports already read, so that the same mailbox read twice changes nothing.
feedback_seen = Table(
    "feedback_seen",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("source", String, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# Where the reading of a mailbox stopped, by the mailbox's name.
bookmarks = Table(
    "bookmarks",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
