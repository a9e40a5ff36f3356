"""A licence also says in which manner the right may be used; one that did not say is for any manner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_licence_manner"
down_revision = "0024_trading_lots"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("encumbrance", sa.Column("manner", sa.String(200), server_default=sa.text("'ANY'"), nullable=False))


def downgrade() -> None:
    op.drop_column("encumbrance", "manner")
