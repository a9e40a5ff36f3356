"""Several lots in a trade, seats on them, deposits of their own; participants keep their qualification alone.

A lot takes over what a method judges by (start price and increment stood in both tables); the free period and the hard
stop stay in the terms, where they were announced. What a participant's state said about money moves to the deposit,
what it said about bidding to the seat.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024_trading_lots"
down_revision = "0023_listing_reviews"
branch_labels = None
depends_on = None

LOT_COLUMNS = (
    ("n", sa.SmallInteger),
    ("title_zh", sa.String(400)),
    ("title_en", sa.String(400)),
    ("achievement_ids", JSONB),
    ("method", sa.String(32)),
    ("floor_minor", sa.BigInteger),
    ("step_seconds", sa.BigInteger),
    ("paused_at", sa.DateTime(timezone=True)),
    ("step", sa.String(32)),
    ("step_due_at", sa.DateTime(timezone=True)),
    ("reserve_digest", sa.String(64)),
    ("reserve_minor", sa.BigInteger),
    ("reserve_salt", sa.String(64)),
)
NEEDED = ("n", "title_zh", "title_en", "method")
FORMER_TERMS = "start_price_minor", "increment_minor", "free_seconds", "limited_seconds", "hard_stop_seconds"
FORMER_CHECK = (
    "start_price_minor > 0 AND increment_minor > 0 AND deposit_minor > 0"
    " AND free_seconds > 0 AND limited_seconds > 0 AND hard_stop_seconds > 0"
)
LOT_CHECKS = {
    "terms_are_positive": "n > 0 AND start_price_minor > 0 AND increment_minor > 0 AND limited_seconds > 0"
    " AND floor_minor > 0 AND step_seconds > 0 AND reserve_minor > 0",
    "leading_reaches_start_price": "leading_minor IS NULL OR leading_minor >= COALESCE(floor_minor, start_price_minor)",
    "steps_belong_to_evaluating": "step IS NULL OR state = 'EVALUATING'",
    "reserve_is_revealed_wholly": "(reserve_minor IS NULL) = (reserve_salt IS NULL)",
}


def upgrade() -> None:
    _widen_lots()
    _make_seats_and_deposits()
    _move_participants()
    op.drop_constraint("terms_are_positive", "trade", type_="check")
    for column in FORMER_TERMS:
        op.drop_column("trade", column)
    op.add_column("trade", sa.Column("deposit_scope", sa.String(32)))
    op.execute("UPDATE trade SET deposit_scope = 'TRADE'")
    op.alter_column("trade", "deposit_scope", nullable=False)
    op.add_column("trade", sa.Column("previous_id", sa.Uuid, sa.ForeignKey("trade.id", name="fk_trade_previous_id")))
    op.create_index("ix_trade_previous_id", "trade", ["previous_id"])
    op.create_check_constraint("deposit_not_negative", "trade", "deposit_minor >= 0")


def _widen_lots() -> None:
    for name, kind in LOT_COLUMNS:
        op.add_column("lot", sa.Column(name, kind))
    op.execute(
        "UPDATE lot SET n = 1, title_zh = t.title_zh, title_en = t.title_en, method = t.method,"
        " state = CASE WHEN lot.state = 'CLOSED' THEN t.state ELSE lot.state END FROM trade t WHERE t.id = lot.trade_id"
    )
    for name in NEEDED:
        op.alter_column("lot", name, nullable=False)
    for name in ("start_price_minor", "increment_minor", "limited_seconds"):
        op.alter_column("lot", name, nullable=True)
    op.drop_constraint("leading_reaches_start_price", "lot", type_="check")
    for name, condition in LOT_CHECKS.items():
        op.create_check_constraint(name, "lot", condition)
    op.drop_constraint("uq_lot_trade_id", "lot", type_="unique")
    op.create_unique_constraint("uq_lot_trade_id_n", "lot", ["trade_id", "n"])
    op.create_index("ix_lot_step_due_at", "lot", ["step_due_at"], postgresql_where=sa.text("step_due_at IS NOT NULL"))


def _make_seats_and_deposits() -> None:
    op.create_table(
        "seat",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("participant_id", sa.Uuid, sa.ForeignKey("participant.id"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("first_refusal", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.UniqueConstraint("lot_id", "participant_id"),
        sa.UniqueConstraint("lot_id", "number"),
    )
    op.create_index("ix_seat_participant_id", "seat", ["participant_id"])
    op.create_table(
        "deposit",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("participant_id", sa.Uuid, sa.ForeignKey("participant.id"), nullable=False),
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id")),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id"), nullable=False, unique=True),
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("hold.id")),
        sa.Column("state", sa.String(32), nullable=False),
        sa.UniqueConstraint("participant_id", "lot_id", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("minor > 0", name="amount_is_positive"),
        sa.CheckConstraint(
            "state NOT IN ('HELD', 'PAID_IN', 'FORFEITED') OR hold_id IS NOT NULL", name="held_by_a_hold"
        ),
    )


def _move_participants() -> None:
    # The participant's id serves again: yesterday's dues and holds name it as what they are for.
    op.execute(
        "INSERT INTO deposit (id, participant_id, lot_id, minor, due_id, hold_id, state)"
        " SELECT p.id, p.id, NULL, t.deposit_minor, p.due_id, p.hold_id,"
        " CASE p.state WHEN 'QUALIFIED' THEN 'DUE' WHEN 'READY' THEN 'HELD' ELSE p.state END"
        " FROM participant p JOIN trade t ON t.id = p.trade_id WHERE p.due_id IS NOT NULL"
    )
    op.execute(
        "INSERT INTO seat (lot_id, org_id, participant_id, number, state)"
        " SELECT l.id, p.org_id, p.id, p.number, CASE p.state WHEN 'READY' THEN 'READY'"
        " WHEN 'REGISTERED' THEN 'WAITING' WHEN 'ADMITTED' THEN 'WAITING' WHEN 'QUALIFIED' THEN 'WAITING'"
        " ELSE 'GONE' END FROM participant p JOIN lot l ON l.trade_id = p.trade_id"
    )
    # Whoever was released before the seller had confirmed has no deposit; how far he had come stands in the journal.
    op.execute(
        "UPDATE participant SET state = CASE WHEN due_id IS NOT NULL THEN 'QUALIFIED' ELSE 'REGISTERED' END"
        " WHERE state IN ('READY', 'RELEASED', 'PAID_IN', 'FORFEITED')"
    )
    op.drop_column("participant", "due_id")
    op.drop_column("participant", "hold_id")


def downgrade() -> None:
    """Leads back while every trade has one lot, a price and a deposit, as each then had."""
    op.add_column("participant", sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id", name="fk_participant_due_id")))
    op.add_column("participant", sa.Column("hold_id", sa.Uuid, sa.ForeignKey("hold.id", name="fk_participant_hold_id")))
    op.execute(
        "UPDATE participant SET due_id = d.due_id, hold_id = d.hold_id,"
        " state = CASE d.state WHEN 'DUE' THEN 'QUALIFIED' WHEN 'HELD' THEN 'READY' ELSE d.state END"
        " FROM deposit d WHERE d.participant_id = participant.id"
    )
    op.execute("UPDATE participant SET state = 'RELEASED' WHERE state = 'WITHDRAWN'")
    op.drop_table("deposit")
    op.drop_table("seat")
    _widen_trades_again()
    _narrow_lots()


def _widen_trades_again() -> None:
    op.drop_constraint("deposit_not_negative", "trade", type_="check")
    op.drop_index("ix_trade_previous_id", "trade")
    op.drop_column("trade", "previous_id")
    op.drop_column("trade", "deposit_scope")
    for column in FORMER_TERMS:
        op.add_column("trade", sa.Column(column, sa.BigInteger))
    op.execute(
        "UPDATE trade SET start_price_minor = l.start_price_minor, increment_minor = l.increment_minor,"
        " limited_seconds = l.limited_seconds,"
        " free_seconds = COALESCE(said.terms -> 'rules' ->> 'free_seconds', said.terms ->> 'free_seconds')::bigint,"
        " hard_stop_seconds ="
        " COALESCE(said.terms -> 'rules' ->> 'hard_stop_seconds', said.terms ->> 'hard_stop_seconds')::bigint"
        " FROM lot l, (SELECT sha256, convert_from(body, 'UTF8')::jsonb AS terms FROM text"
        " WHERE sha256 IN (SELECT terms_sha256 FROM trade)) said"
        " WHERE l.trade_id = trade.id AND said.sha256 = trade.terms_sha256"
    )
    for column in FORMER_TERMS:
        op.alter_column("trade", column, nullable=False)
    op.create_check_constraint("terms_are_positive", "trade", FORMER_CHECK)


def _narrow_lots() -> None:
    op.drop_index("ix_lot_step_due_at", "lot")
    op.drop_constraint("uq_lot_trade_id_n", "lot", type_="unique")
    op.create_unique_constraint("uq_lot_trade_id", "lot", ["trade_id"])
    for name in LOT_CHECKS:
        op.drop_constraint(name, "lot", type_="check")
    op.create_check_constraint(
        "leading_reaches_start_price", "lot", "leading_minor IS NULL OR leading_minor >= start_price_minor"
    )
    op.execute("UPDATE lot SET state = 'CLOSED' WHERE state NOT IN ('WAITING', 'OPEN')")
    for name in ("start_price_minor", "increment_minor", "limited_seconds"):
        op.alter_column("lot", name, nullable=False)
    for name, _ in reversed(LOT_COLUMNS):
        op.drop_column("lot", name)
