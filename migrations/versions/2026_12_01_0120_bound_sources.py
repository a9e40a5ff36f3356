"""An operator says how many listings of another market are shown.

Revision ID: 0125_bound_sources
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0125_bound_sources"
down_revision = "0115_keep_fingerprints"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("syndication_source", sa.Column("shown_max", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("syndication_source", "shown_max")
