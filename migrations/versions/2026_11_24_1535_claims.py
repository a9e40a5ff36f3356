"""What is under way claims its achievements: announced trades and contracts called to signature."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039_claims"
down_revision = "0038_bank_statements"
branch_labels = None
depends_on = None

# What was announced yesterday claims what it sells. Two that overlapped then both stand; the second is refused at its
# contract, as it would have been.
OF_TRADES = """
INSERT INTO achievement_claim (achievement_id, by, licence, territory, field, manner, valid_from)
SELECT item.achievement_id, listing.engaged_by,
       CASE WHEN said.f->>'mode' IN ('TRANSFER', 'EQUITY') THEN NULL
            ELSE 'LICENCE_' || coalesce(said.f->>'licence_kind', 'ORDINARY') END,
       coalesce(said.f->'scope'->>'territory', 'WORLD'), coalesce(said.f->'scope'->>'field', 'ANY'), 'ANY',
       CAST(listing.created_at AT TIME ZONE 'Asia/Shanghai' AS date)
  FROM listing
  JOIN listing_version version ON version.listing_id = listing.id AND version.n = listing.current_n
  JOIN listing_item item ON item.listing_id = version.listing_id AND item.n = version.n
  JOIN text ON text.sha256 = version.sha256
 CROSS JOIN LATERAL (SELECT CAST(convert_from(text.body, 'UTF8') AS jsonb)->'fields' AS f) said
 WHERE listing.state = 'ENGAGED' AND listing.engaged_by IS NOT NULL
   AND said.f->>'mode' IN ('TRANSFER', 'EQUITY', 'LICENCE', 'OPEN_LICENCE', 'TRY_BEFORE_BUY')
"""
OF_CONTRACTS = """
INSERT INTO achievement_claim (achievement_id, by, licence, territory, field, manner, valid_from)
SELECT item.achievement_id, 'contract:' || contract.id, 'LICENCE_' || contract.licence_kind,
       contract.scope->>'territory', contract.scope->>'field', contract.scope->>'manner',
       CAST(contract.created_at AT TIME ZONE 'Asia/Shanghai' AS date)
  FROM contract JOIN contract_achievement item ON item.contract_id = contract.id
 WHERE contract.state = 'SIGNING' AND contract.award_id IS NULL
"""


def upgrade() -> None:
    op.create_table(
        "achievement_claim",
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), primary_key=True),
        sa.Column("by", sa.String(80), primary_key=True),
        sa.Column("licence", sa.String(32)),
        sa.Column("territory", sa.String(16), nullable=False),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("manner", sa.String(200), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
    )
    op.create_index("ix_achievement_claim_by", "achievement_claim", ["by"])
    op.execute(OF_TRADES)
    op.execute(OF_CONTRACTS)


def downgrade() -> None:
    op.drop_table("achievement_claim")
