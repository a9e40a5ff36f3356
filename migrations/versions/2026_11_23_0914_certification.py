"""Tables of certification."""

from __future__ import annotations

revision = "0014_certification"
down_revision = "0013_contracts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
