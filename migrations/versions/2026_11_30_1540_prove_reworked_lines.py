"""Lines written anew are proven, and what somebody gave twice is given back.

Revision ID: 0086_prove_reworked_lines
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0086_prove_reworked_lines"
down_revision = "0085_restore_titles"
branch_labels = None
depends_on = None

NOUGHT = sa.text("0")


def upgrade() -> None:
    op.create_table(
        "line_rework_proof",
        sa.Column("line_rework_id", sa.Uuid, sa.ForeignKey("line_rework.id"), primary_key=True),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("leaves", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("octet_length(secret) = 32 AND octet_length(leaves) % 32 = 0", name="whole_hashes"),
    )
    for column in ("given_twice_minor", "given_back_minor"):
        op.add_column("reward_claim", sa.Column(column, sa.BigInteger, nullable=False, server_default=NOUGHT))
    op.execute(
        "UPDATE reward_claim SET given_twice_minor = twice.minor FROM (SELECT why, sum(minor) AS minor FROM transfer"
        " WHERE code = 'reward.given_twice' GROUP BY why) AS twice"
        " WHERE twice.why = 'distribution_line:' || reward_claim.distribution_line_id"
    )
    op.create_check_constraint("given_twice_within", "reward_claim", "given_twice_minor BETWEEN 0 AND minor")
    op.create_check_constraint("given_back_within", "reward_claim", "given_back_minor BETWEEN 0 AND given_twice_minor")


def downgrade() -> None:
    op.drop_column("reward_claim", "given_back_minor")
    op.drop_column("reward_claim", "given_twice_minor")
    op.drop_table("line_rework_proof")
