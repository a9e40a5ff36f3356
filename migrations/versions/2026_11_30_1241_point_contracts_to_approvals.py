"""A contract made without a trade points to the approvals of its own unit, as an offer does.

Revision ID: 0060_contract_approvals
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060_contract_approvals"
down_revision = "0073_status_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("approval_ids", sa.ARRAY(sa.Uuid), nullable=False, server_default="{}")
    op.add_column("contract", column)


def downgrade() -> None:
    op.drop_column("contract", "approval_ids")
