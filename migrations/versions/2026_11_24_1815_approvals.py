"""The unit's own approval: what was decided, on which evidence, signed by whom.

Revision ID: 0053_approvals
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0053_approvals"
down_revision = "0052_journal_about"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("achievement_ids", sa.ARRAY(sa.Uuid), nullable=False),
        sa.Column("modes", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("floor_minor", sa.BigInteger),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.Column("evidence", JSONB, nullable=False),
        sa.Column("document_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id"), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("drawn_up_at", TIME, nullable=False),
        sa.Column("in_force_at", TIME),
        sa.Column("revoked_at", TIME),
    )
    op.create_index("ix_approval_org_id_id", "approval", ["org_id", "id"])


def downgrade() -> None:
    op.drop_table("approval")
