"""Restore titles: a contract remembers which shares it moved, so that they can go back once it does not stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0085_restore_titles"
down_revision = "0084_propose_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("title_shares", postgresql.JSONB))
    op.add_column("contract", sa.Column("title_restored_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("contract", "title_restored_at")
    op.drop_column("contract", "title_shares")
