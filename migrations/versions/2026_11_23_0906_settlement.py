"""Dues, payouts, bank lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_settlement"
down_revision = "0005_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE due_reference")
    op.create_table(
        "due",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("reference", sa.String(20), nullable=False, unique=True),
        sa.Column("payer_org", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("payee_org", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("paid_minor", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("fee_minor", sa.BigInteger),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("rule_date", sa.Date, nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.Column("overdue_at", sa.DateTime(timezone=True)),
        sa.Column("released_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("minor > 0", name="above_nought"),
        sa.CheckConstraint("paid_minor BETWEEN 0 AND minor", name="paid_in_bounds"),
        sa.CheckConstraint("state <> 'PAID' OR (paid_minor = minor AND paid_at IS NOT NULL)", name="paid_is_whole"),
        sa.CheckConstraint(
            "released_at IS NULL OR (state = 'PAID' AND payee_org IS NOT NULL)", name="released_after_payment"
        ),
    )
    for column in ("subject", "payer_org", "payee_org"):
        op.create_index(f"ix_due_{column}", "due", [column])
    op.create_index(
        "ix_due_waiting", "due", ["due_on"], postgresql_where=sa.text("state = 'OPEN' AND overdue_at IS NULL")
    )
    op.create_table(
        "payout",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("why", sa.String(80), nullable=False),
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("hold.id")),
        sa.Column("transfer_id", sa.Uuid, sa.ForeignKey("transfer.id")),
        sa.Column("bank_reference", sa.String(64)),
        sa.Column("instructed_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("minor > 0", name="above_nought"),
    )
    op.create_index(
        "uq_payout_why_org_id_channel",
        "payout",
        ["why", "org_id", "channel"],
        unique=True,
        postgresql_where=sa.text("state <> 'FAILED'"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_payout_org_id", "payout", ["org_id"])
    op.create_table(
        "bank_line",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("message_id", sa.String(64), nullable=False, unique=True),
        sa.Column("body_sha256", sa.LargeBinary, nullable=False),
        sa.Column("payer_account", sa.String(64), nullable=False),
        sa.Column("payer_name", sa.String(200), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("reference", sa.String(100), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("outcome", sa.String(32)),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id")),
        sa.Column("payout_id", sa.Uuid, sa.ForeignKey("payout.id")),
        sa.CheckConstraint("minor > 0", name="above_nought"),
    )
    op.create_index("ix_bank_line_state_id", "bank_line", ["state", "id"])


def downgrade() -> None:
    for table in ("bank_line", "payout", "due"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE due_reference")
