"""The first schema. Applied revisions are never edited: it stands here as it was, apart from `tables`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _campaigns()
    _recipients()
    _beside()


def _campaigns() -> None:
    op.create_table(
        "about",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_about"),
    )
    op.create_table(
        "campaigns",
        sa.Column("id", _ID, nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("date", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("source_hash", sa.String(), nullable=False),
        sa.Column("begun_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("sent_stamp", sa.String(), nullable=False),
        sa.Column("stamped", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("wait_until", sa.BigInteger()),
        sa.Column("list_rows", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.UniqueConstraint("newsletter", "uid", name="uq_campaigns_newsletter"),
    )
    op.create_table(
        "frozen_posts",
        sa.Column("campaign", _ID, nullable=False, autoincrement=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", name="pk_frozen_posts"),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.id"], name="fk_frozen_posts_campaign"),
    )
    op.create_table(
        "frozen_versions",
        sa.Column("campaign", _ID, nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("parts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "version", name="pk_frozen_versions"),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.id"], name="fk_frozen_versions_campaign"),
    )


def _recipients() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("campaign", _ID, nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("process", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.id"], name="fk_runs_campaign"),
    )
    op.create_table(
        "recipients",
        sa.Column("id", _ID, nullable=False),
        sa.Column("campaign", _ID, nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("everywhere", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("fields", sa.Text()),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("run", _ID),
        sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("run_tries", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("first_try_at", sa.BigInteger()),
        sa.Column("next_try_at", sa.BigInteger()),
        sa.Column("code", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("reply", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("queue_id", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("stage", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("updated_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_recipients"),
        sa.UniqueConstraint("campaign", "person", name="uq_recipients_campaign"),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.id"], name="fk_recipients_campaign"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_recipients_run"),
    )
    op.create_index("ix_recipients_outcome", "recipients", ["campaign", "outcome", "next_try_at", "id"])
    op.create_index(
        "ix_recipients_queue_id",
        "recipients",
        ["queue_id"],
        sqlite_where=sa.text("queue_id <> ''"),
        postgresql_where=sa.text("queue_id <> ''"),
    )


def _beside() -> None:
    op.create_table(
        "suppressions",
        sa.Column("who", sa.LargeBinary(), nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("who", name="pk_suppressions"),
    )
    op.create_table(
        "account_sends",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "minute", name="pk_account_sends"),
    )
    op.create_table(
        "soft_bounces",
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("campaign", _ID, nullable=False),
        sa.Column("bounced_at", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", "campaign", name="pk_soft_bounces"),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.id"], name="fk_soft_bounces_campaign"),
    )
    op.create_table(
        "feedback_seen",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_feedback_seen"),
    )
    op.create_table(
        "bookmarks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_bookmarks"),
    )
