"""Allowances of a minute that several processes draw from.

Revision ID: 0066_rate_allowances
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0066_rate_allowances"
down_revision = "0065_people_sign_in"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_allowance",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("minute", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rate_allowance")),
    )


def downgrade() -> None:
    op.drop_table("rate_allowance")
