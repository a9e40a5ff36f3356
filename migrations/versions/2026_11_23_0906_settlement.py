"""Tables of settlement."""

from __future__ import annotations

revision = "0006_settlement"
down_revision = "0005_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
