"""Tables of hub."""

from __future__ import annotations

revision = "0017_hub"
down_revision = "0016_matching"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
