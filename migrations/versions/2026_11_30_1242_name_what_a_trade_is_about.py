"""A trade names the achievements it is about, so that the rules of listing again find what came before.

Revision ID: 0061_trade_achievements
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061_trade_achievements"
down_revision = "0060_contract_approvals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trade", sa.Column("achievement_ids", sa.ARRAY(sa.Uuid), nullable=False, server_default="{}"))
    op.execute(
        "UPDATE trade SET achievement_ids = ARRAY(SELECT jsonb_array_elements_text("
        "convert_from(body, 'UTF8')::jsonb -> 'achievements')::uuid) FROM text WHERE text.sha256 = trade.listing_sha256"
    )
    op.create_index("ix_trade_achievement_ids", "trade", ["achievement_ids"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_trade_achievement_ids", "trade")
    op.drop_column("trade", "achievement_ids")
