"""Dated rules, and the work days an operator enters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_rulebook"
down_revision = "0003_transparency"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("jurisdiction", sa.String(9), nullable=False),
        sa.Column("scope", sa.String(48), nullable=False),
        sa.Column("mode", sa.String(32)),
        sa.Column("applies_to", sa.String(32), nullable=False),
        sa.Column("binding", sa.String(32), nullable=False),
        sa.Column("base", sa.String(64)),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("source", sa.String(500), nullable=False),
        sa.Column("evidence", sa.String(32), nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.Column("unit_id", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.UniqueConstraint(
            "key", "jurisdiction", "scope", "mode", "applies_to", "base", "effective_from",
            name="uq_rule_thing", postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("effective_to IS NULL OR effective_from < effective_to", name="begins_before_it_ends"),
        sa.CheckConstraint(
            "binding <> 'mandatory' OR evidence IN ('verified', 'verified_secondary')", name="only_what_was_read_binds"
        ),
    )  # fmt: skip
    op.create_table(
        "work_day",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("is_working", sa.Boolean, nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
    )
    op.create_table(
        "work_year",
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String(200), nullable=False),
    )
    op.execute(
        "CREATE FUNCTION rule_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF OLD.effective_to IS NOT NULL OR to_jsonb(NEW) - 'effective_to' <> to_jsonb(OLD) - 'effective_to' THEN"
        " RAISE EXCEPTION 'a rule is never changed, only ended once' USING ERRCODE = '42501';"
        " END IF; RETURN NEW; END $$"
    )
    op.execute("CREATE TRIGGER rule_only_ends BEFORE UPDATE ON rule FOR EACH ROW EXECUTE FUNCTION rule_only_ends()")
    op.execute(
        "CREATE TRIGGER rule_stays BEFORE DELETE OR TRUNCATE ON rule"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in ("work_year", "work_day", "rule"):
        op.drop_table(table)
    op.execute("DROP FUNCTION rule_only_ends()")
