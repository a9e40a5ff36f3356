"""Share tables, income, costs, distributions and their lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_revenue"
down_revision = "0014_certification"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "share_table",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("unit_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id")),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id")),
        sa.Column("subject", sa.String(60), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id"), unique=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("drafted_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("subject", "n"),
        sa.CheckConstraint("(achievement_id IS NULL) <> (contract_id IS NULL)", name="one_subject"),
        sa.CheckConstraint(
            "subject = coalesce('contract:' || contract_id, 'achievement:' || achievement_id)", name="subject_is_key"
        ),
        sa.CheckConstraint("state NOT IN ('SIGNING', 'SIGNED') OR signing_id IS NOT NULL", name="signed_by_a_signing"),
    )
    op.create_index("ix_share_table_unit_id", "share_table", ["unit_id"])
    op.create_index(
        "uq_share_table_signed", "share_table", ["subject"], unique=True, postgresql_where=sa.text("state = 'SIGNED'")
    )
    op.create_index(
        "uq_share_table_open",
        "share_table",
        ["subject"],
        unique=True,
        postgresql_where=sa.text("state IN ('DRAFT', 'SIGNING')"),
    )
    op.create_table(
        "share_table_person",
        sa.Column("share_table_id", sa.Uuid, sa.ForeignKey("share_table.id"), primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("position", sa.SmallInteger),
    )
    op.create_index("ix_share_table_person_person_id", "share_table_person", ["person_id"])
    op.create_table(
        "distribution",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("share_table_id", sa.Uuid, sa.ForeignKey("share_table.id"), nullable=False),
        sa.Column("unit_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("rule_date", sa.Date, nullable=False),
        sa.Column("computation_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("receipts_minor", sa.BigInteger, nullable=False),
        sa.Column("costs_minor", sa.BigInteger, nullable=False),
        sa.Column("net_minor", sa.BigInteger, nullable=False),
        sa.Column("reward_minor", sa.BigInteger, nullable=False),
        sa.Column("unit_minor", sa.BigInteger, nullable=False),
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), unique=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("drafted_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reward_minor > 0 AND unit_minor >= 0", name="parts_not_negative"),
        sa.CheckConstraint("reward_minor + unit_minor = net_minor", name="parts_sum"),
        sa.CheckConstraint("receipts_minor - costs_minor = net_minor", name="net_is_receipts_less_costs"),
        sa.CheckConstraint(
            "state NOT IN ('PUBLISHED', 'PAYABLE', 'PAID') OR notice_id IS NOT NULL", name="has_a_notice"
        ),
    )
    op.create_index("ix_distribution_unit_id", "distribution", ["unit_id"])
    op.create_index("ix_distribution_contract_id_id", "distribution", ["contract_id", "id"])
    op.create_table(
        "distribution_line",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("distribution_id", sa.Uuid, sa.ForeignKey("distribution.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("group", sa.String(32), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("wage_base_minor", sa.BigInteger),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("payout_id", sa.Uuid, sa.ForeignKey("payout.id"), unique=True),
        sa.Column("computation_sha256", sa.String(64), sa.ForeignKey("text.sha256")),
        sa.UniqueConstraint("distribution_id", "n"),
        sa.CheckConstraint("minor > 0", name="amount_positive"),
        sa.CheckConstraint("wage_base_minor BETWEEN 0 AND minor", name="wage_base_within"),
        sa.CheckConstraint(
            "(state IN ('INSTRUCTED', 'PAID')) = (payout_id IS NOT NULL)", name="instructed_by_a_payout"
        ),
    )
    op.create_index("ix_distribution_line_person_id", "distribution_line", ["person_id"])
    op.create_table(
        "income",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id"), nullable=False, unique=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("distribution_id", sa.Uuid, sa.ForeignKey("distribution.id")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minor > 0", name="amount_positive"),
    )
    op.create_index("ix_income_contract_id_id", "income", ["contract_id", "id"])
    op.create_index("ix_income_distribution_id", "income", ["distribution_id"])
    op.create_table(
        "cost",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("evidence", sa.String(200), nullable=False),
        sa.Column("evidence_sha256", sa.String(64)),
        sa.Column("incurred_on", sa.Date, nullable=False),
        sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id"), unique=True),
        sa.Column("entered_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("distribution_id", sa.Uuid, sa.ForeignKey("distribution.id")),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minor > 0", name="amount_positive"),
        sa.CheckConstraint("withdrawn_at IS NULL OR distribution_id IS NULL", name="not_withdrawn_when_counted"),
    )
    op.create_index("ix_cost_contract_id_id", "cost", ["contract_id", "id"])
    op.create_index("ix_cost_distribution_id", "cost", ["distribution_id"])


def downgrade() -> None:
    for table in ("cost", "income", "distribution_line", "distribution", "share_table_person", "share_table"):
        op.drop_table(table)
