"""Listings that could not be indexed are kept by name; an alert says by text of which tier its listing fits.

Revision ID: 0107_set_listings_aside
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0107_set_listings_aside"
down_revision = "0106_database_roles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_set_aside",
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("trouble", sa.String(200), nullable=False),
    )
    op.execute("GRANT UPDATE, DELETE ON search_set_aside TO techmarket_app")
    op.add_column("search_alert", sa.Column("tier", sa.SmallInteger, nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    op.drop_column("search_alert", "tier")
    op.drop_table("search_set_aside")
