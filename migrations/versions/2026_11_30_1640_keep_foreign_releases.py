"""Releases of open data that organisations bring from elsewhere.

Revision ID: 0093_keep_foreign_releases
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0093_keep_foreign_releases"
down_revision = "0093_end_public_rooms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "foreign_release",
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("ocid", sa.String(200), primary_key=True),
        sa.Column("release_id", sa.String(200), primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("foreign_release")
