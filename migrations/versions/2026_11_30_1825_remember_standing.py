"""The journal remembers in what standing somebody acted, and who looks back finds what an organisation did.

Revision ID: 0095_remember_standing
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0095_remember_standing"
down_revision = "0094_sign_in_elsewhere"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("journal_entry", sa.Column("standing", sa.String))
    op.add_column("journal_entry", sa.Column("standing_salt", sa.LargeBinary))
    op.execute("CREATE INDEX ix_journal_entry_org ON journal_entry (org, seq) WHERE org IS NOT NULL")
    op.execute("CREATE INDEX ix_journal_entry_actor ON journal_entry (actor, seq) WHERE actor IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX ix_journal_entry_actor")
    op.execute("DROP INDEX ix_journal_entry_org")
    op.drop_column("journal_entry", "standing_salt")
    op.drop_column("journal_entry", "standing")
