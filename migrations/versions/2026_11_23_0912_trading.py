"""Tables of trading."""

from __future__ import annotations

revision = "0012_trading"
down_revision = "0011_listings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
