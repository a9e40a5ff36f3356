"""Answers to searches are kept too, about no listing; what anonymous readers heard is kept no longer.

And suggestions find the phrases of several listings without looking at those of one.

Revision ID: 0087_keep_searches
"""

from __future__ import annotations

from alembic import op

revision = "0087_keep_searches"
down_revision = "0086_prove_reworked_lines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM match_answer WHERE org_id IS NULL")
    op.execute("ALTER TABLE match_answer ALTER listing_id DROP NOT NULL, ALTER org_id SET NOT NULL")
    op.execute("CREATE INDEX ix_search_phrase_frequent ON search_phrase (space, phrase text_pattern_ops) WHERE df > 1")


def downgrade() -> None:
    op.execute("DROP INDEX ix_search_phrase_frequent")
    op.execute("DELETE FROM match_answer WHERE listing_id IS NULL")
    op.execute("ALTER TABLE match_answer ALTER listing_id SET NOT NULL, ALTER org_id DROP NOT NULL")
