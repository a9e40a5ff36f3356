"""An organisation names acts to which a colleague agrees beforehand.

Revision ID: 0098_agree_beforehand
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0098_agree_beforehand"
down_revision = "0097_run_sandboxes_fast"
branch_labels = None
depends_on = None


def of(name: str, target: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid, sa.ForeignKey(target, name=op.f(f"fk_intended_act_{name}")), nullable=nullable)


def upgrade() -> None:
    op.add_column(
        "organisation",
        sa.Column("by_two", sa.ARRAY(sa.String(64)), nullable=False, server_default=sa.text("'{}'")),
    )
    op.create_table(
        "intended_act",
        sa.Column("id", sa.Uuid, nullable=False),
        of("org_id", "organisation.id"),
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("path", sa.String(500), nullable=False),
        sa.Column("body", JSONB),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        of("asked_by", "person.id"),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        of("decided_by", "person.id", nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("done_with_key", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intended_act")),
        sa.CheckConstraint("decided_by <> asked_by", name=op.f("ck_intended_act_decided_by_another")),
        sa.CheckConstraint(
            "(state IN ('AGREED', 'DONE')) <= (decided_by IS NOT NULL)",
            name=op.f("ck_intended_act_agreed_by_somebody"),
        ),
    )
    op.create_index(op.f("ix_intended_act_org_id"), "intended_act", ["org_id"])


def downgrade() -> None:
    op.drop_table("intended_act")
    op.drop_column("organisation", "by_two")
