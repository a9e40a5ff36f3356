"""Tables of contracts."""

from __future__ import annotations

revision = "0013_contracts"
down_revision = "0012_trading"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
