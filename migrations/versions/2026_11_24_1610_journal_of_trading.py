"""What trading wrote about one lot, trade or award is found by it: the public record asks for that.

The journal's other entries are in no such index, so that writing them costs nothing more.
"""

from __future__ import annotations

from alembic import op

revision = "0044_journal_of_trading"
down_revision = "0041_opinions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_journal_entry_trading ON journal_entry ((refs ->> 0), seq) WHERE kind LIKE 'trading.%'")


def downgrade() -> None:
    op.execute("DROP INDEX ix_journal_entry_trading")
