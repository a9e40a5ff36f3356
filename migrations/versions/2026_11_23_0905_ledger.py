"""Tables of ledger."""

from __future__ import annotations

revision = "0005_ledger"
down_revision = "0004_rulebook"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
