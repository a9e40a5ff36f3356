"""Marks beside the journal: by which a job goes on with the trace of the act that it reacts to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0105_journal_marks"
down_revision = "0104_time_restores"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "journal_mark",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_journal_mark"),
    )
    op.create_index("ix_journal_mark_at", "journal_mark", ["at"])


def downgrade() -> None:
    op.drop_table("journal_mark")
