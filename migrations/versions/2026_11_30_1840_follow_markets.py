"""Other markets whose listings are shown here: how far each was read, and which of our listings shows which of theirs.

Revision ID: 0096_follow_markets
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0096_follow_markets"
down_revision = "0095_queue_imports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("listing", sa.Column("is_syndicated", sa.Boolean, server_default=sa.text("false"), nullable=False))
    counts = [
        sa.Column(name, sa.BigInteger, server_default=sa.text(start), nullable=False)
        for name, start in (("generation", "1"), ("refused", "0"), ("failures", "0"))
    ]
    op.create_table(
        "syndication_source",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("url", sa.String(400), nullable=False),
        sa.Column("node", sa.String(36)),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("market_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("key_wrapped", sa.LargeBinary),
        sa.Column("trusted", JSONB, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("log_id", sa.Uuid),
        sa.Column("cursor", sa.String(500)),
        sa.Column("checkpoint_size", sa.BigInteger),
        sa.Column("checkpoint_root", sa.LargeBinary),
        *counts,
        sa.Column("problem", sa.String(80)),
        sa.Column("caught_up_at", sa.DateTime(timezone=True)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
    )
    op.create_index(
        "uq_syndication_source_url",
        "syndication_source",
        ["url", sa.text("coalesce(node, '')")],
        unique=True,
        postgresql_where=sa.text("state <> 'REMOVED'"),
    )
    op.create_index(
        "ix_syndication_source_due",
        "syndication_source",
        ["next_at"],
        postgresql_where=sa.text("state IN ('ACTIVE', 'REMOVED')"),
    )
    op.create_table(
        "syndicated_listing",
        sa.Column("source_id", sa.Uuid, sa.ForeignKey("syndication_source.id"), primary_key=True),
        sa.Column("theirs", sa.Uuid, primary_key=True),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), unique=True),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("is_gone", sa.Boolean, nullable=False),
        sa.Column("problem", sa.String(80)),
        sa.Column("proof", JSONB, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("syndicated_listing")
    op.drop_table("syndication_source")
    op.drop_column("listing", "is_syndicated")
