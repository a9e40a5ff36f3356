"""What proves a person's line: the salted leaves of a distribution, and which journal entry names their root.

Revision ID: 0072_distribution_proof
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0072_distribution_proof"
down_revision = "0055_seat_every_bid"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "distribution_proof",
        sa.Column("distribution_id", sa.Uuid, sa.ForeignKey("distribution.id"), primary_key=True),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("leaves", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("octet_length(secret) = 32 AND octet_length(leaves) % 32 = 0", name="whole_hashes"),
    )


def downgrade() -> None:
    op.drop_table("distribution_proof")
