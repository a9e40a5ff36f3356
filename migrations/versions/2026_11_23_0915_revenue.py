"""Tables of revenue."""

from __future__ import annotations

revision = "0015_revenue"
down_revision = "0014_certification"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
