"""Imports and external ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_hub"
down_revision = "0016_matching"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_job",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("accepted", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("unchanged", sa.BigInteger, nullable=False),
        sa.Column("report_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
    )
    op.create_index("ix_import_job_org_id_id", "import_job", ["org_id", "id"])
    op.create_table(
        "external_id",
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("theirs", sa.String(64), primary_key=True),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), nullable=False, unique=True),
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id")),
        sa.Column("fingerprint", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    for table in ("external_id", "import_job"):
        op.drop_table(table)
