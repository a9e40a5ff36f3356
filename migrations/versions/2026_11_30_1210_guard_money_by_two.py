"""Money in two pairs of hands: acts that need two, holds on paid money, the declared account, refunds, invoices.

Revision ID: 0061_money_by_two
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0061_money_by_two"
down_revision = "0060_holds_and_claims"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NOW = sa.text("market_now()")
ENTRY_KEYS = ("bank_reference", "bank_line_id", "payout_id")


def upgrade() -> None:
    op.create_table(
        "release_hold",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("held_at", TIME, server_default=NOW, nullable=False),
        sa.Column("lifted_at", TIME),
    )
    op.create_index(
        "uq_release_hold_standing",
        "release_hold",
        ["subject", "cause"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "money_act",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("asked_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("asked_at", TIME, server_default=NOW, nullable=False),
        sa.Column("decided_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("decided_at", TIME),
        sa.Column("reasons", sa.String),
        sa.CheckConstraint("state <> 'DONE' OR asked_by <> decided_by", name="two_people"),
        sa.CheckConstraint("(state = 'WAITING') = (decided_at IS NULL)", name="decided_or_waiting"),
    )
    op.create_index(
        "uq_money_act_waiting",
        "money_act",
        ["act", "subject"],
        unique=True,
        postgresql_where=sa.text("state = 'WAITING'"),
    )
    op.create_index("ix_money_act_state_id", "money_act", ["state", "id"])
    op.create_table(
        "settlement_account",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("bank_name", sa.String(200), nullable=False),
        sa.Column("holder_name", sa.String(200), nullable=False),
        sa.Column("asked_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("declared_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("declared_at", TIME, server_default=NOW, nullable=False),
        sa.CheckConstraint("asked_by <> declared_by", name="two_people"),
    )
    op.create_index("uq_settlement_account_one", "settlement_account", [sa.text("(true)")], unique=True)
    op.create_table(
        "invoice",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id"), nullable=False),
        sa.Column("seller_org", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("buyer_org", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("tax_rate", sa.Numeric),
        sa.Column("tax_minor", sa.BigInteger),
        sa.Column("corrects", sa.Uuid, sa.ForeignKey("invoice.id"), unique=True),
        sa.Column("reasons", sa.String),
        sa.Column("drawn_up_at", TIME, server_default=NOW, nullable=False),
        sa.Column("number", sa.String(32), unique=True),
        sa.Column("issued_on", sa.Date),
        sa.CheckConstraint("(corrects IS NULL) = (minor > 0)", name="corrections_are_negative"),
        sa.CheckConstraint("(number IS NULL) = (issued_on IS NULL)", name="issued_whole"),
        sa.CheckConstraint("(tax_rate IS NULL) = (tax_minor IS NULL)", name="tax_whole"),
    )
    op.create_index("ix_invoice_seller_org_id", "invoice", ["seller_org", "id"])
    op.create_index("ix_invoice_buyer_org_id", "invoice", ["buyer_org", "id"])
    op.create_index("ix_invoice_due_id", "invoice", ["due_id"])
    op.add_column("payout", sa.Column("to_account", sa.String(64)))
    op.add_column("payout", sa.Column("to_name", sa.String(200)))
    op.add_column("due", sa.Column("refund_due_id", sa.Uuid, sa.ForeignKey("due.id"), unique=True))
    op.drop_constraint(op.f("ck_due_released_after_payment"), "due")
    op.create_check_constraint(
        "released_after_payment",
        "due",
        "released_at IS NULL OR (state IN ('PAID', 'REFUNDED') AND payee_org IS NOT NULL)",
    )
    op.add_column("bank_statement", sa.Column("voided_at", TIME))
    op.add_column("bank_statement", sa.Column("voided_why", sa.String))
    for column in ("number", "follows"):
        op.drop_constraint(op.f(f"uq_bank_statement_{column}"), "bank_statement")
    op.create_index(
        "uq_bank_statement_number",
        "bank_statement",
        ["number"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.create_index(
        "uq_bank_statement_follows",
        "bank_statement",
        ["follows"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.add_column("statement_entry", sa.Column("is_void", sa.Boolean, server_default=sa.text("false"), nullable=False))
    for column in ENTRY_KEYS:
        op.drop_constraint(op.f(f"uq_statement_entry_{column}"), "statement_entry")
        op.create_index(
            f"uq_statement_entry_{column}",
            "statement_entry",
            [column],
            unique=True,
            postgresql_where=sa.text("NOT is_void"),
        )


def downgrade() -> None:
    """The former market knew no refunds and no statement that does not count any more: a due whose released money went
    back is paid and released, one whose money never left is cancelled, what a payee owes back is a price; voided
    statements go, with the lines they alone had brought."""
    op.execute("UPDATE due SET state = 'PAID' WHERE state = 'REFUNDED' AND released_at IS NOT NULL")
    op.execute("UPDATE due SET state = 'CANCELLED', paid_minor = 0 WHERE state = 'REFUNDED'")
    op.execute("UPDATE due SET purpose = 'PRICE' WHERE purpose = 'REFUND'")
    op.execute("DELETE FROM statement_entry WHERE is_void")
    op.execute("DELETE FROM bank_statement WHERE voided_at IS NOT NULL")
    op.execute("DELETE FROM bank_line WHERE state = 'VOIDED'")
    for column in ENTRY_KEYS:
        op.drop_index(f"uq_statement_entry_{column}", "statement_entry")
        op.create_unique_constraint(op.f(f"uq_statement_entry_{column}"), "statement_entry", [column])
    op.drop_column("statement_entry", "is_void")
    for column in ("follows", "number"):
        op.drop_index(f"uq_bank_statement_{column}", "bank_statement")
    op.create_unique_constraint(
        op.f("uq_bank_statement_follows"), "bank_statement", ["follows"], postgresql_nulls_not_distinct=True
    )
    op.create_unique_constraint(op.f("uq_bank_statement_number"), "bank_statement", ["number"])
    op.drop_column("bank_statement", "voided_why")
    op.drop_column("bank_statement", "voided_at")
    op.drop_constraint(op.f("ck_due_released_after_payment"), "due")
    op.create_check_constraint(
        "released_after_payment", "due", "released_at IS NULL OR (state = 'PAID' AND payee_org IS NOT NULL)"
    )
    op.drop_column("due", "refund_due_id")
    op.drop_column("payout", "to_name")
    op.drop_column("payout", "to_account")
    for table in ("invoice", "settlement_account", "money_act", "release_hold"):
        op.drop_table(table)
