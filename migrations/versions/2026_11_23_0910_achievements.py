"""Achievements, rights, owners, completers, encumbrances."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010_achievements"
down_revision = "0009_disclosure"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "achievement",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("title_zh", sa.String(500)),
        sa.Column("title_en", sa.String(500)),
        sa.Column("abstract_zh", sa.String(20_000)),
        sa.Column("abstract_en", sa.String(20_000)),
        sa.Column("keywords", sa.ARRAY(sa.String(100)), nullable=False),
        sa.Column("technology_field", sa.String(2)),
        sa.Column("industry", sa.String(8)),
        sa.Column("ipc", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("trl", sa.SmallInteger),
        sa.Column("trl_standard", sa.String(64)),
        sa.Column("trl_year", sa.SmallInteger),
        sa.Column("funding_source", sa.String(200)),
        sa.Column("external", JSONB, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.CheckConstraint("trl BETWEEN 1 AND 9", name="trl"),
        sa.CheckConstraint("title_zh IS NOT NULL OR title_en IS NOT NULL", name="has_a_title"),
    )
    op.create_index("ix_achievement_org_id_id", "achievement", ["org_id", "id"])
    op.create_table(
        "intellectual_right",
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("number", sa.String(64)),
        sa.Column("valid_until", sa.Date),
        sa.Column("status", sa.String(32)),
        sa.UniqueConstraint("achievement_id", "kind", "number"),
    )
    op.create_table(
        "owner_share",
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("share", sa.Numeric(9, 8), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("(org_id IS NULL) <> (person_id IS NULL)", name="one_owner"),
        sa.CheckConstraint("share > 0 AND share <= 1", name="share"),
        sa.UniqueConstraint("achievement_id", "org_id"),
        sa.UniqueConstraint("achievement_id", "person_id"),
    )
    op.create_index("ix_owner_share_org_id", "owner_share", ["org_id"])
    op.create_table(
        "completer",
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.UniqueConstraint("achievement_id", "person_id"),
    )
    op.create_index("ix_completer_person_id", "completer", ["person_id"])
    op.create_table(
        "encumbrance",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("territory", sa.String(16), nullable=False),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it_begins"),
        sa.UniqueConstraint("achievement_id", "by"),
    )


def downgrade() -> None:
    for table in ("encumbrance", "completer", "owner_share", "intellectual_right", "achievement"):
        op.drop_table(table)
