"""The change feed: who is told of which entry, and what its audience knows of by then.

Revision ID: 0090_tell_of_changes
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0090_tell_of_changes"
down_revision = "0087_keep_searches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_item",
        sa.Column("audience", sa.Uuid, primary_key=True),
        sa.Column("n", sa.BigInteger, sa.ForeignKey("journal_position.n"), primary_key=True, autoincrement=False),
        sa.Column("type", sa.String(64), nullable=False),
    )
    op.create_table("feed_shown", sa.Column("thing", sa.String(64), primary_key=True))


def downgrade() -> None:
    op.drop_table("feed_shown")
    op.drop_table("feed_item")
    # Rows are told of anew when the tables are there again.
    op.execute("DELETE FROM journal_reader WHERE name = 'hub.feed'")
