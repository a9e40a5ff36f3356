"""The clock of a sandbox runs as fast as it is told.

Revision ID: 0097_run_sandboxes_fast
"""

from __future__ import annotations

from alembic import op

revision = "0097_run_sandboxes_fast"
down_revision = "0096_act_for_others"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE market_clock ADD COLUMN rate bigint NOT NULL DEFAULT 1,"
        " ADD COLUMN since timestamptz NOT NULL DEFAULT clock_timestamp()"
    )
    op.execute("ALTER TABLE market_clock DROP CONSTRAINT ck_market_clock_offset_only_in_a_sandbox")
    op.execute(
        "ALTER TABLE market_clock ADD CONSTRAINT ck_market_clock_offset_only_in_a_sandbox"
        " CHECK (sandbox OR ahead = interval '0' AND rate = 1),"
        " ADD CONSTRAINT ck_market_clock_runs_forward CHECK (rate BETWEEN 1 AND 100000)"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION market_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL UNSAFE AS"
        " $$ SELECT clock_timestamp() + ahead + (clock_timestamp() - since) * (rate - 1)"
        " FROM market_clock WHERE id = 1 $$"
    )


def downgrade() -> None:
    op.execute("UPDATE market_clock SET ahead = ahead + (clock_timestamp() - since) * (rate - 1) WHERE rate > 1")
    op.execute(
        "CREATE OR REPLACE FUNCTION market_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL UNSAFE AS"
        " $$ SELECT clock_timestamp() + ahead FROM market_clock WHERE id = 1 $$"
    )
    op.execute("ALTER TABLE market_clock DROP CONSTRAINT ck_market_clock_runs_forward")
    op.execute("ALTER TABLE market_clock DROP CONSTRAINT ck_market_clock_offset_only_in_a_sandbox")
    op.execute("ALTER TABLE market_clock DROP COLUMN rate, DROP COLUMN since")
    op.execute(
        "ALTER TABLE market_clock ADD CONSTRAINT ck_market_clock_offset_only_in_a_sandbox"
        " CHECK (sandbox OR ahead = interval '0')"
    )
