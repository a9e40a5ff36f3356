"""Evidence says whether anything rests on it; what nothing ever names can be swept.

What is there already is taken as named.

Revision ID: 0063_evidence_named
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0063_evidence_named"
down_revision = "0062_actor_salt"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    kept = sa.Column("kept_at", TIME, nullable=False, server_default=sa.text("clock_timestamp()"))
    op.add_column("evidence", kept)
    op.add_column("evidence", sa.Column("named_at", TIME))
    op.execute("UPDATE evidence SET named_at = kept_at")
    op.create_index("ix_evidence_unnamed", "evidence", ["kept_at"], postgresql_where=sa.text("named_at IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_evidence_unnamed", "evidence")
    op.drop_column("evidence", "named_at")
    op.drop_column("evidence", "kept_at")
