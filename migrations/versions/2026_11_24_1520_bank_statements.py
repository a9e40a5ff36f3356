"""The bank's statements, their bookings, and the days closed by them.

Revision ID: 0038_bank_statements
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038_bank_statements"
down_revision = "0037_burdens"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("follows", sa.Uuid(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=False),
        sa.Column("closing_minor", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_bank_statement_days_in_order")),
        sa.ForeignKeyConstraint(["follows"], ["bank_statement.id"], name=op.f("fk_bank_statement_follows")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["person.id"], name=op.f("fk_bank_statement_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statement")),
        sa.UniqueConstraint("follows", name=op.f("uq_bank_statement_follows"), postgresql_nulls_not_distinct=True),
        sa.UniqueConstraint("number", name=op.f("uq_bank_statement_number")),
    )
    op.create_table(
        "bank_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("bank_minor", sa.BigInteger(), nullable=False),
        sa.Column("others_minor", sa.BigInteger(), nullable=False),
        sa.Column("own_minor", sa.BigInteger(), nullable=False),
        sa.Column("incoming_minor", sa.BigInteger(), nullable=False),
        sa.Column("outgoing_minor", sa.BigInteger(), nullable=False),
        sa.Column("statement_minor", sa.BigInteger(), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.ForeignKeyConstraint(["closed_by"], ["person.id"], name=op.f("fk_bank_day_closed_by")),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statement.id"], name=op.f("fk_bank_day_statement_id")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_bank_day")),
        sa.UniqueConstraint("statement_id", name=op.f("uq_bank_day_statement_id")),
    )
    op.create_table(
        "statement_entry",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("is_credit", sa.Boolean(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("bank_reference", sa.String(length=64), nullable=False),
        sa.Column(
            "finding",
            sa.Enum("TAKEN", "KNOWN", "PAYOUT", "UNEXPLAINED", name="finding", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("KNOWN", "OPEN", "EXPLAINED", name="entrystate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("bank_line_id", sa.Uuid(), nullable=True),
        sa.Column("payout_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("minor > 0", name=op.f("ck_statement_entry_above_nought")),
        sa.ForeignKeyConstraint(["bank_line_id"], ["bank_line.id"], name=op.f("fk_statement_entry_bank_line_id")),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_statement_entry_payout_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statement.id"], name=op.f("fk_statement_entry_statement_id")),
        sa.PrimaryKeyConstraint("statement_id", "n", name=op.f("pk_statement_entry")),
        sa.UniqueConstraint("bank_line_id", name=op.f("uq_statement_entry_bank_line_id")),
        sa.UniqueConstraint("bank_reference", name="uq_statement_entry_bank_reference"),
        sa.UniqueConstraint("payout_id", name=op.f("uq_statement_entry_payout_id")),
    )
    op.create_index(
        "ix_statement_entry_open",
        "statement_entry",
        ["statement_id"],
        unique=False,
        postgresql_where=sa.text("state = 'OPEN'"),
    )


def downgrade() -> None:
    op.drop_index("ix_statement_entry_open", table_name="statement_entry", postgresql_where=sa.text("state = 'OPEN'"))
    op.drop_table("statement_entry")
    op.drop_table("bank_day")
    op.drop_table("bank_statement")
