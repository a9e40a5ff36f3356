"""The two views on a participant with their grounds and deadlines, and why one is a related party.

Revision ID: 0041_opinions
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0041_opinions"
down_revision = "0040_falling_prices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    empty = sa.text("'[]'::jsonb")
    op.add_column("participant", sa.Column("related_because", JSONB, nullable=False, server_default=empty))
    op.add_column("participant", sa.Column("due_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE participant SET related_because = '[\"UNSTATED\"]' WHERE related")
    op.create_check_constraint(
        op.f("ck_participant_related_for_a_ground"), "participant", "related = (related_because <> '[]'::jsonb)"
    )
    op.create_index(
        "ix_participant_state_due_at",
        "participant",
        ["state", "due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "participant_opinion",
        sa.Column("participant_id", sa.Uuid, sa.ForeignKey("participant.id"), primary_key=True),
        sa.Column("by", sa.String(32), primary_key=True),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("grounds", JSONB, nullable=False),
        sa.Column("document_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("accepted OR grounds <> '[]'::jsonb", name="rejected_for_a_ground"),
    )
    op.execute(
        "CREATE TRIGGER participant_opinion_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON participant_opinion"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("participant_opinion")
    op.drop_index("ix_participant_state_due_at", "participant")
    op.drop_constraint(op.f("ck_participant_related_for_a_ground"), "participant")
    op.drop_column("participant", "due_at")
    op.drop_column("participant", "related_because")
