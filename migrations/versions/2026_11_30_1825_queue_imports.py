"""Imports that go on by themselves: how sources name their columns, how far each import is, and what became of rows.

Revision ID: 0095_queue_imports
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0095_queue_imports"
down_revision = "0094_appoint_nodes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_mapping",
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("columns", JSONB, nullable=False),
        sa.Column("by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
    )
    counts = [
        sa.Column(name, sa.BigInteger, server_default=sa.text("0"), nullable=False)
        for name in ("total", "done", "accepted", "refused", "unchanged", "failures")
    ]
    op.create_table(
        "import_run",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("submit", sa.Boolean, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("file_sha256", sa.String(64), sa.ForeignKey("file.sha256"), nullable=False),
        sa.Column("columns", JSONB, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        *counts,
        sa.Column("refusal_code", sa.String(80)),
        sa.Column("refusal_detail", sa.String(500)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("turn_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("done <= total", name="done_in_bounds"),
        sa.CheckConstraint("done = accepted + refused + unchanged", name="counts_sum"),
    )
    op.create_index("ix_import_run_org_id_id", "import_run", ["org_id", "id"])
    op.create_index(
        "ix_import_run_open",
        "import_run",
        ["turn_at", "id"],
        postgresql_where=sa.text("state IN ('WAITING', 'RUNNING')"),
    )
    op.create_table(
        "import_line",
        sa.Column("run_id", sa.Uuid, sa.ForeignKey("import_run.id"), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("external_id", sa.String(64)),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id")),
        sa.Column("organisation_id", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("code", sa.String(80)),
        sa.Column("detail", sa.String(200)),
        sa.Column("pointer", sa.String(200)),
    )
    op.create_table(
        "external_organisation",
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("theirs", sa.String(64), primary_key=True),
        sa.Column("organisation_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
    )
    op.create_index("ix_external_organisation_organisation_id", "external_organisation", ["organisation_id"])


def downgrade() -> None:
    for table in ("external_organisation", "import_line", "import_run", "import_mapping"):
        op.drop_table(table)
