"""A person remembers who gave him his credentials, so that two pairs of eyes are two people's.

Revision ID: 0083_who_vouched
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0083_who_vouched"
down_revision = "0082_look_at_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("vouched_by", sa.Uuid, sa.ForeignKey("person.id")))


def downgrade() -> None:
    op.drop_column("person", "vouched_by")
