"""Tables of disclosure."""

from __future__ import annotations

revision = "0009_disclosure"
down_revision = "0008_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
