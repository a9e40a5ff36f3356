"""Tables of jobs."""

from __future__ import annotations

revision = "0018_jobs"
down_revision = "0017_hub"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
