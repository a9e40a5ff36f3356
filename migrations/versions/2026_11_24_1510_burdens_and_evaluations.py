"""A burden has a holder, a registration and an end with proof; evaluations are kept by value."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0037_burdens"
down_revision = "0036_trade_acts"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
COLUMNS = (
    ("holder", sa.String(200)),
    ("registration_number", sa.String(64)),
    ("evidence_sha256", sa.String(64)),
    ("holder_consented_at", TIME),
    ("consent_sha256", sa.String(64)),
    ("released_on", sa.Date),
    ("release_sha256", sa.String(64)),
    ("terms", JSONB),
)


def upgrade() -> None:
    # What stood yesterday runs until it is released.
    op.add_column("encumbrance", sa.Column("state", sa.String(32), server_default=sa.text("'RUNNING'"), nullable=False))
    for name, kind in COLUMNS:
        op.add_column("encumbrance", sa.Column(name, kind))
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), nullable=False),
        sa.Column("evaluator", sa.String(200), nullable=False),
        sa.Column("method", sa.String(200), nullable=False),
        sa.Column("evaluated_on", sa.Date, nullable=False),
        sa.Column("evidence_sha256", sa.String(64), nullable=False),
        sa.Column("findings", JSONB, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
    )
    op.create_index("ix_evaluation_achievement_id_id", "evaluation", ["achievement_id", "id"])


def downgrade() -> None:
    op.drop_table("evaluation")
    # Released and seized, pledged or open by these rows' own words: what is older knows none of them.
    op.execute("DELETE FROM encumbrance WHERE state = 'RELEASED' OR kind IN ('SEIZURE', 'OPEN_LICENCE')")
    for name, _ in reversed(COLUMNS):
        op.drop_column("encumbrance", name)
    op.drop_column("encumbrance", "state")
