"""Webhooks: subscriptions, their secrets, messages, and every attempt to deliver one.

Revision ID: 0091_push_changes
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0091_push_changes"
down_revision = "0090_tell_of_changes"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")


def _time(name: str, *, nullable: bool = True, **more: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, **more)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("types", JSONB, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        _time("failing_since"),
        sa.Column("disabled_because", sa.String(32)),
        _time("created_at", nullable=False, server_default=NOW),
    )
    op.create_index("ix_webhook_org_id_id", "webhook", ["org_id", "id"])
    op.create_table(
        "webhook_secret",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("webhook_id", sa.Uuid, sa.ForeignKey("webhook.id"), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        _time("ends_at"),
    )
    op.create_index("ix_webhook_secret_webhook_id", "webhook_secret", ["webhook_id"])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("webhook_id", sa.Uuid, sa.ForeignKey("webhook.id"), nullable=False),
        sa.Column("n", sa.BigInteger),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        _time("next_at", nullable=False),
        _time("created_at", nullable=False, server_default=NOW),
        _time("delivered_at"),
        sa.UniqueConstraint("webhook_id", "n", name="uq_webhook_delivery_webhook_id_n"),
    )
    op.create_index("ix_webhook_delivery_webhook_id_id", "webhook_delivery", ["webhook_id", "id"])
    op.create_index(
        "ix_webhook_delivery_due", "webhook_delivery", ["next_at"], postgresql_where=sa.text("state = 'PENDING'")
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("delivery_id", sa.Uuid, sa.ForeignKey("webhook_delivery.id"), nullable=False),
        _time("at", nullable=False),
        sa.Column("status", sa.BigInteger),
        sa.Column("error", sa.String(32)),
        sa.Column("milliseconds", sa.BigInteger),
        sa.Column("answer", sa.LargeBinary),
    )
    op.create_index("ix_webhook_attempt_delivery_id", "webhook_attempt", ["delivery_id"])


def downgrade() -> None:
    for table in ("webhook_attempt", "webhook_delivery", "webhook_secret", "webhook"):
        op.drop_table(table)
