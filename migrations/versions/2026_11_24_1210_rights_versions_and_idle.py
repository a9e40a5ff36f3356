"""Rights carry their dates, achievements keep their versions, completers confirm, and a year without use shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033_achievement_versions"
down_revision = "0032_notice_evidence"
branch_labels = None
depends_on = None

DAYS = ("filed_on", "granted_on", "fees_paid_until", "term_ends_on")


def upgrade() -> None:
    for name in DAYS:
        op.add_column("intellectual_right", sa.Column(name, sa.Date))
    op.add_column("completer", sa.Column("confirmed_at", sa.DateTime(timezone=True)))
    op.add_column("achievement", sa.Column("plan_source", sa.String(32)))
    op.add_column("achievement", sa.Column("project_number", sa.String(100)))
    op.add_column("achievement", sa.Column("idle_from", sa.Date))
    op.add_column("achievement", sa.Column("idle_flagged_at", sa.DateTime(timezone=True)))
    op.add_column("achievement", sa.Column("first_agreement_on", sa.Date))
    # A licence that stands is an agreement that was signed.
    op.execute(
        "UPDATE achievement SET first_agreement_on = e.day FROM (SELECT achievement_id, min(valid_from) AS day"
        " FROM encumbrance WHERE kind LIKE 'LICENCE%' GROUP BY achievement_id) e"
        " WHERE e.achievement_id = achievement.id"
    )
    op.create_index(
        "ix_achievement_idle_from",
        "achievement",
        ["idle_from"],
        postgresql_where=sa.text("first_agreement_on IS NULL AND idle_flagged_at IS NULL"),
    )
    op.create_table(
        "achievement_version",
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id")),
    )
    op.execute(
        "CREATE TRIGGER achievement_version_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON achievement_version"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("achievement_version")
    op.drop_index("ix_achievement_idle_from", "achievement")
    for name in ("first_agreement_on", "idle_flagged_at", "idle_from", "project_number", "plan_source"):
        op.drop_column("achievement", name)
    op.drop_column("completer", "confirmed_at")
    for name in reversed(DAYS):
        op.drop_column("intellectual_right", name)
