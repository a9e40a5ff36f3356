"""The journal is found by what its entries are about, however long it has grown.

Revision ID: 0052_journal_about
"""

from __future__ import annotations

from alembic import op

revision = "0052_journal_about"
down_revision = "0051_mandates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION journal_about(refs jsonb, facts jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE"
        " AS $$ SELECT CASE WHEN facts ? 'subject' THEN refs || (facts -> 'subject') ELSE refs END $$"
    )
    op.execute("CREATE INDEX ix_journal_entry_about ON journal_entry USING gin (journal_about(refs, facts))")


def downgrade() -> None:
    op.execute("DROP INDEX ix_journal_entry_about")
    op.execute("DROP FUNCTION journal_about(jsonb, jsonb)")
