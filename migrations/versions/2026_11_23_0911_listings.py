"""Listings, their versions and what they sell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_listings"
down_revision = "0010_achievements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listing",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("current_n", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("expires_on", sa.Date),
        sa.Column("engaged_by", sa.String(80)),
        sa.Column("returned_because", sa.String(2000)),
    )
    op.create_index("ix_listing_state_id", "listing", ["state", "id"])
    op.create_index("ix_listing_org_id_id", "listing", ["org_id", "id"])
    op.create_index("ix_listing_due", "listing", ["expires_on"], postgresql_where=sa.text("state = 'PUBLISHED'"))
    op.create_table(
        "listing_version",
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
    )
    op.create_table(
        "listing_item",
        sa.Column("listing_id", sa.Uuid, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), nullable=False),
        sa.ForeignKeyConstraint(["listing_id", "n"], ["listing_version.listing_id", "listing_version.n"]),
    )
    op.create_index("ix_listing_item_achievement_id", "listing_item", ["achievement_id"])
    for table in ("listing_version", "listing_item"):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in ("listing_item", "listing_version", "listing"):
        op.drop_table(table)
