"""Tables of listings."""

from __future__ import annotations

revision = "0011_listings"
down_revision = "0010_achievements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
