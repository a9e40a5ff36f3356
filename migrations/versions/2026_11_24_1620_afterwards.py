"""What comes after the session: best final bids, and first refusals that were claimed before it.

Revision ID: 0050_afterwards
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050_afterwards"
down_revision = "0049_developments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "final_bid",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minor > 0", name="amount_is_positive"),
    )
    op.execute(
        "CREATE TRIGGER final_bid_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON final_bid"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.create_table(
        "first_refusal_claim",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("participant_id", sa.Uuid, sa.ForeignKey("participant.id"), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("basis", sa.String(32), nullable=False),
        sa.Column("share", sa.Numeric(14, 12), nullable=False),
        sa.Column("evidence_sha256", sa.String(64)),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("share BETWEEN 0 AND 1", name="share_is_a_part"),
        sa.CheckConstraint("(basis = 'CONTRACT') = (evidence_sha256 IS NOT NULL)", name="contract_is_shown"),
    )


def downgrade() -> None:
    op.drop_table("first_refusal_claim")
    op.drop_table("final_bid")
