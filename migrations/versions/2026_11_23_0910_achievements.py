"""Tables of achievements."""

from __future__ import annotations

revision = "0010_achievements"
down_revision = "0009_disclosure"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
