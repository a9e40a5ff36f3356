"""What is due is looked for with each receiver by itself, codes by the day they were sent.

Revision ID: 0108_find_due_messages
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0108_find_due_messages"
down_revision = "0107_set_listings_aside"
branch_labels = None
depends_on = None

NAME, TABLE = "ix_webhook_delivery_due", "webhook_delivery"
WAITING = sa.text("state = 'PENDING'")


def upgrade() -> None:
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["webhook_id", "next_at"], postgresql_where=WAITING)
    op.create_index("ix_mail_codes", "mail", ["created_at"], postgresql_where=sa.text("org_id IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_mail_codes", "mail")
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["next_at"], postgresql_where=WAITING)
