"""Publish prices again: a price notice knows what it sells, to whom and for how much, and the operator's word on it;
and a notice knows whom it favours.

Additive. Prices published before are found by their contract or award; those of contracts have no amount here, so that
after an objection was upheld the operator is asked. On the way down his words are lost.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0092_publish_prices_again"
down_revision = "0091_push_changes"
branch_labels = None
depends_on = None

OF_CONTRACTS = """
UPDATE notice SET
    about = ARRAY(SELECT 'achievement:' || sold.achievement_id FROM contract_achievement AS sold
                  WHERE sold.contract_id = contract.id ORDER BY sold.position),
    buyer_org_ids = ARRAY(SELECT side.org_id FROM contract_party AS side
                          WHERE side.contract_id = contract.id AND side.role = 'PAYER' ORDER BY side.org_id)
FROM contract WHERE notice.kind = 'PRICE' AND notice.subject = 'contract:' || contract.id
"""
OF_AWARDS = """
UPDATE notice SET
    about = ARRAY(SELECT 'achievement:' || one FROM unnest(trade.achievement_ids) AS one),
    buyer_org_ids = notice.reader_org_ids,
    price_minor = award.price_minor
FROM award JOIN trade ON trade.id = award.trade_id
WHERE notice.kind = 'PRICE' AND notice.subject = 'award:' || award.id
"""
OF_GRANTS = """
UPDATE notice SET favoured_ids = ARRAY(SELECT one.person_id FROM vesting_grantee AS one
                                       WHERE one.vesting_id = vesting.id ORDER BY one.person_id)
FROM vesting WHERE notice.kind = 'GRANT' AND notice.subject = 'vesting:' || vesting.id
"""
OF_REWARDS = """
UPDATE notice SET favoured_ids = ARRAY(SELECT DISTINCT line.person_id FROM distribution_line AS line
                                       WHERE line.distribution_id = distribution.id AND line.person_id IS NOT NULL
                                       ORDER BY line.person_id)
FROM distribution WHERE notice.kind = 'REWARD_LIST' AND notice.subject = 'distribution:' || distribution.id
"""
COLUMNS = (
    "favoured_ids",
    "about",
    "buyer_org_ids",
    "price_minor",
    "allowed_minor",
    "allowed_reasons",
    "allowed_at",
    "allowed_by_id",
)


def upgrade() -> None:
    op.add_column("notice", sa.Column("favoured_ids", postgresql.ARRAY(sa.Uuid), server_default="{}", nullable=False))
    op.add_column("notice", sa.Column("about", postgresql.ARRAY(sa.String(100)), server_default="{}", nullable=False))
    op.add_column("notice", sa.Column("buyer_org_ids", postgresql.ARRAY(sa.Uuid), server_default="{}", nullable=False))
    op.add_column("notice", sa.Column("price_minor", sa.BigInteger))
    op.add_column("notice", sa.Column("allowed_minor", sa.BigInteger))
    op.add_column("notice", sa.Column("allowed_reasons", sa.Text))
    op.add_column("notice", sa.Column("allowed_at", sa.DateTime(timezone=True)))
    op.add_column("notice", sa.Column("allowed_by_id", sa.Uuid, sa.ForeignKey("person.id")))
    op.execute(OF_CONTRACTS)
    op.execute(OF_AWARDS)
    op.execute(OF_GRANTS)
    op.execute(OF_REWARDS)


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("notice", name)
