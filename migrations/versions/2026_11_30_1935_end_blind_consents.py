"""A consent to blind matching that is taken back keeps when it was compared last; kept answers are counted.

Revision ID: 0102_end_blind_consents
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0102_end_blind_consents"
down_revision = "0101_say_who_may_agree"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("blind_consent", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.create_index("ix_match_answer_org_id_at", "match_answer", ["org_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_match_answer_org_id_at", "match_answer")
    op.execute("DELETE FROM blind_consent WHERE ended_at IS NOT NULL")
    op.drop_column("blind_consent", "ended_at")
