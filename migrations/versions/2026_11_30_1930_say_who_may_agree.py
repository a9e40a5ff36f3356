"""An intended act says which roles may agree to it, so that it stands in their queues.

Revision ID: 0101_say_who_may_agree
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0101_say_who_may_agree"
down_revision = "0100_tell_shown_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "intended_act", sa.Column("roles", sa.ARRAY(sa.String(32)), nullable=False, server_default=sa.text("'{}'"))
    )


def downgrade() -> None:
    op.drop_column("intended_act", "roles")
