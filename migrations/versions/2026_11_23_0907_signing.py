"""Tables of signing."""

from __future__ import annotations

revision = "0007_signing"
down_revision = "0006_settlement"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
