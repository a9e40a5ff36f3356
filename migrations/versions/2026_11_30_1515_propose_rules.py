"""Propose rules: what is charged, and when two people are needed, is entered by two operators.

Additive; on the way down the proposals that wait are lost, the rows that were entered stay.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0084_propose_rules"
down_revision = "0083_who_vouched"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_proposal",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("row", postgresql.JSONB, nullable=False),
        sa.Column("row_sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("decided_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("reasons", sa.String),
        sa.CheckConstraint("state <> 'CONFIRMED' OR proposed_by <> decided_by", name="two_people"),
        sa.CheckConstraint("(state = 'WAITING') = (decided_at IS NULL)", name="decided_or_waiting"),
    )
    op.create_index(
        "uq_rule_proposal_waiting",
        "rule_proposal",
        ["row_sha256"],
        unique=True,
        postgresql_where=sa.text("state = 'WAITING'"),
    )


def downgrade() -> None:
    op.drop_table("rule_proposal")
