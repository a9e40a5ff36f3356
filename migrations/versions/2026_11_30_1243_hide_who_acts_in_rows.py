"""A row names who acted by a code of its own, which its salt opens; rows from before stay as they are.

Revision ID: 0062_actor_salt
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0062_actor_salt"
down_revision = "0061_trade_achievements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("journal_entry", sa.Column("actor_salt", sa.LargeBinary))


def downgrade() -> None:
    op.drop_column("journal_entry", "actor_salt")
