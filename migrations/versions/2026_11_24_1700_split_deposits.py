"""A deposit for several lots becomes price lot by lot, and who was shut out of a lot is on record.

Revision ID: 0048_split_deposits
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048_split_deposits"
down_revision = "0047_access_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("seat", sa.Column("shut_out_at", sa.DateTime(timezone=True)))
    op.add_column("deposit", sa.Column("paid_in_minor", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("award", sa.Column("captured_minor", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    # Until now a deposit was paid in whole, and one for the whole trade with the last award it backed.
    op.execute("UPDATE deposit SET paid_in_minor = minor WHERE state = 'PAID_IN'")
    op.execute(
        "UPDATE award SET captured_minor = deposit.minor FROM deposit"
        " WHERE deposit.participant_id = award.participant_id AND deposit.state = 'PAID_IN'"
        " AND award.state = 'CONCLUDED' AND (deposit.lot_id = award.lot_id OR (deposit.lot_id IS NULL AND award.id ="
        " (SELECT last.id FROM award AS last WHERE last.participant_id = award.participant_id"
        " AND last.state = 'CONCLUDED' ORDER BY last.decided_at DESC, last.id DESC LIMIT 1)))"
    )
    op.create_check_constraint("pays_in_no_more_than_it_is", "deposit", "paid_in_minor BETWEEN 0 AND minor")
    op.create_check_constraint("captured_not_negative", "award", "captured_minor >= 0")


def downgrade() -> None:
    op.drop_constraint("captured_not_negative", "award", type_="check")
    op.drop_constraint("pays_in_no_more_than_it_is", "deposit", type_="check")
    op.drop_column("award", "captured_minor")
    op.drop_column("deposit", "paid_in_minor")
    op.drop_column("seat", "shut_out_at")
