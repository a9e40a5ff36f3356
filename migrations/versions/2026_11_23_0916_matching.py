"""The search index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_matching"
down_revision = "0015_revenue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_posting",
        sa.Column("term", sa.String(64), primary_key=True),
        sa.Column("listing_id", sa.Uuid, primary_key=True),
        sa.Column("tf_public", sa.Integer, nullable=False),
        sa.Column("tf_registered", sa.Integer, nullable=False),
    )
    op.create_index("ix_search_posting_listing_id", "search_posting", ["listing_id"])
    op.create_table(
        "search_term",
        sa.Column("term", sa.String(64), primary_key=True),
        sa.Column("df_public", sa.Integer, nullable=False),
        sa.Column("df_registered", sa.Integer, nullable=False),
    )
    op.create_table(
        "search_listing",
        sa.Column("tier", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("technology_field", sa.String(2)),
        sa.Column("region", sa.String(6)),
        sa.Column("mode", sa.String(32)),
        sa.Column("price_minor", sa.BigInteger),
    )
    op.create_table(
        "search_total",
        sa.Column("tier", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("documents", sa.BigInteger, nullable=False),
        sa.Column("length_sum", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO search_total VALUES (0, 0, 0), (1, 0, 0)")


def downgrade() -> None:
    for table in ("search_total", "search_listing", "search_term", "search_posting"):
        op.drop_table(table)
