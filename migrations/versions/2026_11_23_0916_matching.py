"""Tables of matching."""

from __future__ import annotations

revision = "0016_matching"
down_revision = "0015_revenue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
