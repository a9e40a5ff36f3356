"""Of a source that was read anew it is known when, and since when another goes without a checkpoint.

Revision ID: 0104_time_restores
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0104_time_restores"
down_revision = "0096_follow_markets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("read_anew_at", "unproven_since"):
        op.add_column("syndication_source", sa.Column(name, sa.DateTime(timezone=True)))


def downgrade() -> None:
    for name in ("unproven_since", "read_anew_at"):
        op.drop_column("syndication_source", name)
