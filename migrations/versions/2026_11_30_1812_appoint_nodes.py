"""Nodes of the hub: who is one, which regions and organisations are of it, and its shares of the market's fees.

Revision ID: 0094_appoint_nodes
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0094_appoint_nodes"
down_revision = "0103_name_terms_of_index"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organisation", sa.Column("is_node", sa.Boolean, server_default=sa.text("false"), nullable=False))
    op.add_column("organisation", sa.Column("node_id", sa.Uuid, sa.ForeignKey("organisation.id")))
    op.create_index("ix_organisation_node_id", "organisation", ["node_id"])
    op.create_check_constraint("a_node_is_of_no_node", "organisation", "NOT is_node OR node_id IS NULL")
    op.add_column("listing", sa.Column("node_id", sa.Uuid, sa.ForeignKey("organisation.id")))
    op.create_index("ix_listing_node_id_id", "listing", ["node_id", "id"])
    op.add_column("feed_item", sa.Column("node_id", sa.Uuid, sa.ForeignKey("organisation.id")))
    op.create_index(
        "ix_feed_item_node_id_audience_n",
        "feed_item",
        ["node_id", "audience", "n"],
        postgresql_where=sa.text("node_id IS NOT NULL"),
    )
    op.create_table(
        "node",
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("code", sa.String(16), nullable=False, unique=True),
        sa.Column("by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "node_region",
        sa.Column("region", sa.String(6), primary_key=True),
        sa.Column("node_id", sa.Uuid, sa.ForeignKey("node.org_id"), nullable=False),
    )
    op.create_index("ix_node_region_node_id", "node_region", ["node_id"])
    op.create_table(
        "fee_share",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id"), nullable=False),
        sa.Column("side", sa.String(32), nullable=False),
        sa.Column("node_id", sa.Uuid, sa.ForeignKey("node.org_id"), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("fee_minor", sa.BigInteger, nullable=False),
        sa.Column("rate", sa.String(16), nullable=False),
        sa.Column("rule_id", sa.Uuid, sa.ForeignKey("rule.id"), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("due_id", "side"),
        sa.CheckConstraint("minor >= 0", name="not_below_nought"),
    )
    op.create_index("ix_fee_share_node_id_id", "fee_share", ["node_id", "id"])


def downgrade() -> None:
    op.drop_table("fee_share")
    op.drop_table("node_region")
    op.drop_table("node")
    op.drop_index("ix_feed_item_node_id_audience_n", "feed_item")
    op.drop_column("feed_item", "node_id")
    op.drop_index("ix_listing_node_id_id", "listing")
    op.drop_column("listing", "node_id")
    op.drop_constraint("a_node_is_of_no_node", "organisation", type_="check")
    op.drop_index("ix_organisation_node_id", "organisation")
    op.drop_column("organisation", "node_id")
    op.drop_column("organisation", "is_node")
