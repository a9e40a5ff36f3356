"""Tables of rulebook."""

from __future__ import annotations

revision = "0004_rulebook"
down_revision = "0003_transparency"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
