"""Each turn of a lot's state stays on record for those who watch, and they are told in the same transaction.

A trigger writes it, because states are moved in many places, and none may forget those who watch. Pauses say why.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027_lot_turns"
down_revision = "0026_talk_offers"
branch_labels = None
depends_on = None

PAUSE = (("pause_cause", sa.String(32)), ("pause_reason", sa.String(500)), ("resumes_at", sa.DateTime(timezone=True)))

# A lot can move twice before its row is written: it closes and is awarded in one transaction. The close is told first.
# A resumed lot's turn stands at the instant from which its times were counted on, not at the instant of this statement.
RECORD = """
CREATE FUNCTION lot_turns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last bigint := (SELECT coalesce(max(n), 0) FROM lot_turn WHERE lot_id = NEW.id);
  turns text[] := '{}';
  turn text;
BEGIN
  IF OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL AND OLD.state IN ('OPEN', 'PAUSED') THEN
    turns := turns || 'closed'::text;
  END IF;
  IF NEW.state = 'EVALUATING' THEN
    IF NEW.step IS NOT NULL AND (NEW.step, NEW.step_due_at) IS DISTINCT FROM (OLD.step, OLD.step_due_at) THEN
      turns := turns || 'step'::text;
    END IF;
  ELSIF NEW.state <> OLD.state THEN
    turns := turns || CASE
      WHEN NEW.state = 'OPEN' AND OLD.state = 'PAUSED' THEN 'resumed' WHEN NEW.state = 'OPEN' THEN 'opened'
      ELSE lower(NEW.state) END;
  END IF;
  FOREACH turn IN ARRAY turns LOOP
    last := last + 1;
    INSERT INTO lot_turn (lot_id, n, seq, what, state, step, at, free_ends_at, effective_end, hard_end, step_due_at,
                          cause, reason, resumes_at)
    VALUES (NEW.id, last, NEW.seq, turn, CASE turn WHEN 'closed' THEN 'EVALUATING' ELSE NEW.state END,
            CASE turn WHEN 'closed' THEN NULL ELSE NEW.step END,
            CASE turn WHEN 'opened' THEN NEW.opened_at WHEN 'paused' THEN NEW.paused_at WHEN 'closed' THEN NEW.closed_at
                      WHEN 'resumed' THEN OLD.paused_at + (NEW.hard_end - OLD.hard_end) ELSE market_now() END,
            NEW.free_ends_at, NEW.effective_end, NEW.hard_end,
            CASE turn WHEN 'closed' THEN NULL ELSE NEW.step_due_at END,
            CASE turn WHEN 'paused' THEN NEW.pause_cause END, CASE turn WHEN 'paused' THEN NEW.pause_reason END,
            CASE turn WHEN 'paused' THEN NEW.resumes_at END);
  END LOOP;
  IF turns <> '{}' THEN
    PERFORM pg_notify('trading_lots', json_build_array(json_build_object('lot', NEW.id))::text);
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    for name, kind in PAUSE:
        op.add_column("lot", sa.Column(name, kind))
    op.create_check_constraint(
        "paused_for_a_reason", "lot", "state <> 'PAUSED' OR (paused_at IS NOT NULL AND pause_cause IS NOT NULL)"
    )
    op.create_table(
        "lot_turn",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("step", sa.String(32)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("free_ends_at", sa.DateTime(timezone=True)),
        sa.Column("effective_end", sa.DateTime(timezone=True)),
        sa.Column("hard_end", sa.DateTime(timezone=True)),
        sa.Column("step_due_at", sa.DateTime(timezone=True)),
        sa.Column("cause", sa.String(32)),
        sa.Column("reason", sa.String(500)),
        sa.Column("resumes_at", sa.DateTime(timezone=True)),
    )
    op.execute(
        "CREATE TRIGGER lot_turn_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON lot_turn"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(RECORD)
    # A bid moves none of these columns: the hot row's trigger does not fire for it.
    op.execute(
        "CREATE TRIGGER lot_turns AFTER UPDATE OF state, step, step_due_at ON lot"
        " FOR EACH ROW EXECUTE FUNCTION lot_turns()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER lot_turns ON lot")
    op.execute("DROP FUNCTION lot_turns")
    op.drop_table("lot_turn")
    op.drop_constraint("paused_for_a_reason", "lot", type_="check")
    for name, _ in reversed(PAUSE):
        op.drop_column("lot", name)
