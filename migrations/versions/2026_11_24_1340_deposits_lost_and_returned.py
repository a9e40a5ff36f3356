"""Why a deposit was lost, until when one goes back, whose turn it is to sign, and from which account a due is paid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029_deposit_causes"
down_revision = "0028_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("due", sa.Column("payer_account", sa.String(64)))
    op.add_column("participant", sa.Column("payer_account", sa.String(64)))
    op.add_column("award", sa.Column("buyers_turn_at", sa.DateTime(timezone=True)))
    # Where the seller has signed before this came, it is the buyer's turn since then.
    op.execute(
        "UPDATE award SET buyers_turn_at = signed.at FROM (SELECT c.award_id, s.org_id, max(s.at) AS at FROM contract c"
        " JOIN contract_version v ON v.contract_id = c.id JOIN signature s ON s.signing_id = v.signing_id"
        " WHERE c.state = 'SIGNING' GROUP BY c.award_id, s.org_id) signed, trade t"
        " WHERE signed.award_id = award.id AND t.id = award.trade_id AND signed.org_id = t.seller_org_id"
        " AND award.state = 'OFFERED'"
    )
    op.add_column("deposit", sa.Column("return_by", sa.DateTime(timezone=True)))
    op.add_column("deposit", sa.Column("cause", sa.String(32)))
    op.add_column("deposit", sa.Column("reasons", sa.Text))
    op.execute("UPDATE deposit SET cause = 'refuses_to_sign' WHERE state = 'FORFEITED'")
    op.create_check_constraint("forfeited_for_a_cause", "deposit", "(state = 'FORFEITED') = (cause IS NOT NULL)")


def downgrade() -> None:
    op.drop_constraint("forfeited_for_a_cause", "deposit", type_="check")
    op.drop_column("deposit", "reasons")
    op.drop_column("deposit", "cause")
    op.drop_column("deposit", "return_by")
    op.drop_column("award", "buyers_turn_at")
    op.drop_column("participant", "payer_account")
    op.drop_column("due", "payer_account")
