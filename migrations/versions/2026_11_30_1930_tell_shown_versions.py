"""A listing knows which version last changed what is shown without a grant.

Revision ID: 0100_tell_shown_versions
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0100_tell_shown_versions"
down_revision = "0099_keep_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("listing", sa.Column("shown_n", sa.BigInteger, server_default=sa.text("1"), nullable=False))
    op.execute("UPDATE listing SET shown_n = current_n WHERE current_n <> 1")


def downgrade() -> None:
    op.drop_column("listing", "shown_n")
