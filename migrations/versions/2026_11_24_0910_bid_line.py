"""Bids enter the book as rows of a type of their own, so that a batch is one array to send.

The type names the columns the book writes. A column added to the table later changes nothing for a process of before.

Revision ID: 0022_bid_line
"""

from __future__ import annotations

from alembic import op

revision = "0022_bid_line"
down_revision = "0021_notice_extensions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TYPE bid_line AS (lot_id uuid, seq bigint, participant_id uuid, bidder bigint, minor bigint, key text,"
        " verdict text, least_minor bigint, at timestamptz, chain bytea)"
    )


def downgrade() -> None:
    op.execute("DROP TYPE bid_line")
