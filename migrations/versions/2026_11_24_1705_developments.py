"""A development has milestones and no licence.

Revision ID: 0049_developments
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049_developments"
down_revision = "0048_split_deposits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("contract", "licence_kind", nullable=True)
    op.create_check_constraint("licence_has_a_kind", "contract", "(type = 'LICENCE') <= (licence_kind IS NOT NULL)")
    op.add_column("plan_line", sa.Column("title", sa.String(200)))
    op.drop_constraint("fee_has_amount", "plan_line", type_="check")
    op.create_check_constraint("fee_has_amount", "plan_line", "(kind <> 'ROYALTY') = (minor IS NOT NULL)")
    op.create_check_constraint("milestone_has_title", "plan_line", "(kind = 'MILESTONE') = (title IS NOT NULL)")


def downgrade() -> None:
    # Yesterday's tables know no developments: what was drafted since stays, its milestones as fees.
    op.drop_constraint("milestone_has_title", "plan_line", type_="check")
    op.drop_constraint("fee_has_amount", "plan_line", type_="check")
    op.execute("UPDATE plan_line SET kind = 'ENTRY_FEE' WHERE kind = 'MILESTONE'")
    op.create_check_constraint("fee_has_amount", "plan_line", "(kind = 'ENTRY_FEE') = (minor IS NOT NULL)")
    op.drop_column("plan_line", "title")
    op.drop_constraint("licence_has_a_kind", "contract", type_="check")
    op.execute("UPDATE contract SET licence_kind = 'ORDINARY' WHERE licence_kind IS NULL")
    op.alter_column("contract", "licence_kind", nullable=False)
