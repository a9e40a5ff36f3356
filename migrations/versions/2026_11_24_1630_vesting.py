"""Vesting of completers: what they applied for, what the unit decided, and the agreement that all signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046_vesting"
down_revision = "0045_consents"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "vesting",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("years", sa.SmallInteger),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("rule_date", sa.Date, nullable=False),
        sa.Column("applied_at", TIME, nullable=False),
        sa.Column("applied_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("approved_at", TIME),
        sa.Column("decision_sha256", sa.String(64)),
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id")),
        sa.Column("document_sha256", sa.String(64), sa.ForeignKey("text.sha256")),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id")),
        sa.Column("reason", sa.String(2000)),
        sa.Column("in_force_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.CheckConstraint("(years IS NULL) = (kind = 'OWNERSHIP')", name="years_of_a_use_right"),
    )
    op.create_index("ix_vesting_achievement_id_id", "vesting", ["achievement_id", "id"])
    op.create_table(
        "vesting_grantee",
        sa.Column("vesting_id", sa.Uuid, sa.ForeignKey("vesting.id"), primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("share", sa.Numeric(9, 8), nullable=False),
        sa.UniqueConstraint("vesting_id", "person_id"),
        sa.CheckConstraint("share > 0 AND share <= 1", name="share"),
    )


def downgrade() -> None:
    op.drop_table("vesting_grantee")
    op.drop_table("vesting")
    op.execute("DELETE FROM encumbrance WHERE kind = 'USE_RIGHT'")
