"""Trades, lots, participants, the bid book, awards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_trading"
down_revision = "0011_listings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trade_number",
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "trade",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.String(32), nullable=False, unique=True),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), nullable=False),
        sa.Column("listing_n", sa.BigInteger, nullable=False),
        sa.Column("listing_sha256", sa.String(64), nullable=False),
        sa.Column("title_zh", sa.String(400), nullable=False),
        sa.Column("title_en", sa.String(400), nullable=False),
        sa.Column("seller_org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("rule_date", sa.Date, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("terms_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("start_price_minor", sa.BigInteger, nullable=False),
        sa.Column("increment_minor", sa.BigInteger, nullable=False),
        sa.Column("deposit_minor", sa.BigInteger, nullable=False),
        sa.Column("free_seconds", sa.BigInteger, nullable=False),
        sa.Column("limited_seconds", sa.BigInteger, nullable=False),
        sa.Column("hard_stop_seconds", sa.BigInteger, nullable=False),
        sa.Column("signing_n", sa.BigInteger, nullable=False),
        sa.Column("signing_unit", sa.String(32), nullable=False),
        sa.Column("bidding_opens_at", sa.DateTime(timezone=True)),
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id")),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.CheckConstraint(
            "start_price_minor > 0 AND increment_minor > 0 AND deposit_minor > 0"
            " AND free_seconds > 0 AND limited_seconds > 0 AND hard_stop_seconds > 0",
            name="terms_are_positive",
        ),
    )
    op.create_index("ix_trade_listing_id", "trade", ["listing_id"])
    op.create_index("ix_trade_state_bidding_opens_at", "trade", ["state", "bidding_opens_at"])
    op.create_table(
        "lot",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("trade_id", sa.Uuid, sa.ForeignKey("trade.id"), nullable=False, unique=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("start_price_minor", sa.BigInteger, nullable=False),
        sa.Column("increment_minor", sa.BigInteger, nullable=False),
        sa.Column("limited_seconds", sa.BigInteger, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("free_ends_at", sa.DateTime(timezone=True)),
        sa.Column("effective_end", sa.DateTime(timezone=True)),
        sa.Column("hard_end", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.Column("leading_seq", sa.BigInteger),
        sa.Column("leading_bidder", sa.BigInteger),
        sa.Column("leading_minor", sa.BigInteger),
        sa.CheckConstraint("octet_length(chain) = 32", name="chain_is_a_hash"),
        sa.CheckConstraint(
            "(leading_minor IS NULL) = (leading_seq IS NULL) AND (leading_minor IS NULL) = (leading_bidder IS NULL)",
            name="leads_wholly",
        ),
        sa.CheckConstraint(
            "leading_minor IS NULL OR leading_minor >= start_price_minor", name="leading_reaches_start_price"
        ),
        sa.CheckConstraint("effective_end <= hard_end AND free_ends_at <= hard_end", name="ends_by_the_hard_stop"),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index("ix_lot_state_effective_end", "lot", ["state", "effective_end"])
    op.create_table(
        "participant",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("trade_id", sa.Uuid, sa.ForeignKey("trade.id"), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("related", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id")),
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("hold.id")),
        sa.Column("registered_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.UniqueConstraint("trade_id", "org_id"),
        sa.UniqueConstraint("trade_id", "number"),
    )
    op.create_index("ix_participant_org_id", "participant", ["org_id"])
    op.create_table(
        "bid",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("participant_id", sa.Uuid, sa.ForeignKey("participant.id"), nullable=False),
        sa.Column("bidder", sa.BigInteger, nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("least_minor", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("participant_id", "key"),
        sa.CheckConstraint("octet_length(chain) = 32", name="chain_is_a_hash"),
        sa.CheckConstraint("minor > 0", name="amount_is_positive"),
    )
    op.execute(
        "CREATE TRIGGER bid_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON bid"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.create_table(
        "award",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), nullable=False),
        sa.Column("trade_id", sa.Uuid, sa.ForeignKey("trade.id"), nullable=False),
        sa.Column("rank", sa.SmallInteger, nullable=False),
        sa.Column("participant_id", sa.Uuid, sa.ForeignKey("participant.id"), nullable=False),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id")),
        sa.Column("sign_by", sa.DateTime(timezone=True)),
        sa.Column("offered_at", sa.DateTime(timezone=True)),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("lot_id", "rank"),
        sa.CheckConstraint("price_minor > 0", name="price_is_positive"),
    )
    op.create_index("ix_award_trade_id", "award", ["trade_id"])
    op.create_index("ix_award_state_sign_by", "award", ["state", "sign_by"])
    op.create_index(
        "uq_award_lot_id_in_force",
        "award",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('OFFERED', 'CONCLUDED')"),
    )


def downgrade() -> None:
    for table in ("award", "bid", "participant", "lot", "trade", "trade_number"):
        op.drop_table(table)
