"""Orders for signatures are looked at in turn, and one that was never sent can come to nothing.

Revision ID: 0082_look_at_orders
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0082_look_at_orders"
down_revision = "0074_income_of_every_kind"
branch_labels = None
depends_on = None

TABLE, NAME = "signature_order", "ck_signature_order_sent_with_a_reference"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("looked_at", sa.DateTime(timezone=True)))
    op.drop_constraint(op.f(NAME), TABLE, type_="check")
    op.create_check_constraint(op.f(NAME), TABLE, "state IN ('INTENDED','FAILED') OR reference IS NOT NULL")


def downgrade() -> None:
    op.execute("UPDATE signature_order SET reference = '' WHERE state = 'FAILED' AND reference IS NULL")
    op.drop_constraint(op.f(NAME), TABLE, type_="check")
    op.create_check_constraint(op.f(NAME), TABLE, "(state = 'INTENDED') = (reference IS NULL)")
    op.drop_column(TABLE, "looked_at")
