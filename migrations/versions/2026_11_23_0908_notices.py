"""Tables of notices."""

from __future__ import annotations

revision = "0008_notices"
down_revision = "0007_signing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
