"""Income of every kind, of each unit its part; units' own rules; deadlines of rewards.

Revision ID: 0074_income_of_every_kind
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0074_income_of_every_kind"
down_revision = "0081_attest_contracts"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
LINE = "distribution_line"
INSTRUCTED = "state NOT IN ('INSTRUCTED', 'PAID') OR payout_id IS NOT NULL OR offset_minor = minor"
ONE_SUBJECT = "(achievement_id IS NULL) <> (contract_id IS NULL)"
MODE_OF = "CASE contract.type WHEN 'LICENCE' THEN 'licence' WHEN 'TRANSFER' THEN 'transfer' ELSE 'other' END"


def upgrade() -> None:
    _tables_by_unit(["subject", "unit_id"])
    for table in ("income", "cost"):
        op.add_column(table, sa.Column("unit_id", sa.Uuid, sa.ForeignKey("organisation.id")))
        op.add_column(table, sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id")))
        op.execute(
            f"UPDATE {table} SET unit_id = party.org_id FROM contract_party party "
            f"WHERE party.contract_id = {table}.contract_id AND party.role = 'PAYEE'"
        )
        op.alter_column(table, "unit_id", nullable=False)
        op.alter_column(table, "contract_id", nullable=True)
        op.drop_constraint(f"uq_{table}_due_id", table, type_="unique")
        op.create_unique_constraint(f"uq_{table}_due_id_unit_id", table, ["due_id", "unit_id"])
        op.create_check_constraint("one_subject", table, ONE_SUBJECT)
        op.create_index(f"ix_{table}_achievement_id_id", table, ["achievement_id", "id"])
    _income()
    _distribution()
    op.create_table(
        "reward_term",
        sa.Column("income_id", sa.Uuid, sa.ForeignKey("income.id"), primary_key=True),
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("unit_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("alert_on", sa.Date, nullable=False),
        sa.Column("alerted_at", TIME),
        sa.Column("passed_at", TIME),
    )
    op.create_index(
        "ix_reward_term_watch",
        "reward_term",
        ["alert_on"],
        postgresql_where=sa.text("alerted_at IS NULL OR passed_at IS NULL"),
    )
    op.create_index("ix_reward_term_unit_id_ends_on", "reward_term", ["unit_id", "ends_on"])
    op.create_table(
        "unit_rule",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("unit_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("drafted_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("drafted_at", TIME, nullable=False),
        sa.Column("adopted_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("adopted_at", TIME),
        sa.UniqueConstraint("unit_id", "n"),
        sa.CheckConstraint("(state IN ('IN_FORCE', 'ENDED')) = (adopted_at IS NOT NULL)", name="adopted_once"),
        sa.CheckConstraint("adopted_by <> drafted_by", name="adopted_by_another"),
        sa.CheckConstraint("effective_to > effective_from", name="begins_before_it_ends"),
    )
    for state, name in (("DRAFT", "draft"), ("IN_FORCE", "in_force")):
        op.create_index(
            f"uq_unit_rule_{name}",
            "unit_rule",
            ["unit_id"],
            unique=True,
            postgresql_where=sa.text(f"state = '{state}'"),
        )


def _tables_by_unit(columns: list[str]) -> None:
    """Of what several units own each has tables of its own."""
    op.drop_index("uq_share_table_signed", "share_table")
    op.drop_index("uq_share_table_open", "share_table")
    old, new = ["subject_n", "subject_unit_id_n"] if "unit_id" in columns else ["subject_unit_id_n", "subject_n"]
    op.drop_constraint(f"uq_share_table_{old}", "share_table", type_="unique")
    op.create_unique_constraint(f"uq_share_table_{new}", "share_table", [*columns, "n"])
    for name, states in (("signed", "state = 'SIGNED'"), ("open", "state IN ('DRAFT', 'SIGNING')")):
        op.create_index(f"uq_share_table_{name}", "share_table", columns, unique=True, postgresql_where=sa.text(states))


def _income() -> None:
    op.alter_column("income", "due_id", nullable=True)
    for column in (
        sa.Column("mode", sa.String(32)),
        sa.Column("year", sa.SmallInteger),
        sa.Column("first_year", sa.SmallInteger),
        sa.Column("capital_minor", sa.BigInteger),
        sa.Column("evidence_sha256", sa.String(64)),
        sa.Column("entered_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("withdrawn_at", TIME),
        sa.Column("withdrawn_for", sa.String(64)),
    ):
        op.add_column("income", column)
    op.execute(f"UPDATE income SET mode = {MODE_OF} FROM contract WHERE contract.id = income.contract_id")
    op.alter_column("income", "mode", nullable=False)
    op.create_check_constraint("due_or_evidence", "income", "due_id IS NOT NULL OR evidence_sha256 IS NOT NULL")
    op.create_check_constraint("profit_is_of_a_year", "income", "(purpose = 'PROFIT') = (year IS NOT NULL)")
    op.create_check_constraint("equity_has_a_capital", "income", "(purpose = 'EQUITY') = (capital_minor IS NOT NULL)")
    op.create_check_constraint(
        "not_withdrawn_when_counted", "income", "withdrawn_at IS NULL OR distribution_id IS NULL"
    )
    op.create_index("ix_income_unit_id", "income", ["unit_id"])
    op.create_index(
        "uq_income_profit_year",
        "income",
        ["achievement_id", "unit_id", "year"],
        unique=True,
        postgresql_where=sa.text("purpose = 'PROFIT' AND withdrawn_at IS NULL"),
    )


def _distribution() -> None:
    no = sa.text("false")
    op.alter_column("distribution", "contract_id", nullable=True)
    op.add_column("distribution", sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id")))
    op.add_column("distribution", sa.Column("mode", sa.String(32)))
    op.execute(f"UPDATE distribution SET mode = {MODE_OF} FROM contract WHERE contract.id = distribution.contract_id")
    op.alter_column("distribution", "mode", nullable=False)
    op.add_column("distribution", sa.Column("in_shares", sa.Boolean, nullable=False, server_default=no))
    op.create_check_constraint("one_subject", "distribution", ONE_SUBJECT)
    op.create_index("ix_distribution_achievement_id", "distribution", ["achievement_id"])
    op.add_column(LINE, sa.Column("in_shares", sa.Boolean, nullable=False, server_default=no))
    op.add_column(LINE, sa.Column("proof_sha256", sa.String(64)))
    op.drop_constraint("instructed_by_a_payout", LINE, type_="check")
    op.create_check_constraint("instructed_by_a_payout", LINE, f"{INSTRUCTED} OR in_shares")
    op.create_check_constraint(
        "shares_are_proven", LINE, "state <> 'PAID' OR NOT in_shares OR proof_sha256 IS NOT NULL"
    )


def downgrade() -> None:
    """What the market did not know before goes: entered income, and other units' parts; their tables stand replaced."""
    lead = (
        "SELECT share_table.id FROM share_table LEFT JOIN achievement ON achievement.id = share_table.achievement_id "
        "LEFT JOIN contract_party party ON party.contract_id = share_table.contract_id AND party.role = 'PAYEE' "
        "WHERE share_table.unit_id = coalesce(achievement.org_id, party.org_id)"
    )
    op.execute(f"UPDATE share_table SET state = 'REPLACED', n = n + 1000000 WHERE id NOT IN ({lead})")
    op.drop_table("unit_rule")
    op.drop_table("reward_term")
    _forget_new_kinds()
    op.drop_constraint("shares_are_proven", LINE, type_="check")
    op.drop_constraint("instructed_by_a_payout", LINE, type_="check")
    op.create_check_constraint("instructed_by_a_payout", LINE, INSTRUCTED)
    op.drop_column(LINE, "in_shares")
    op.drop_column(LINE, "proof_sha256")
    op.drop_index("uq_income_profit_year", "income")
    op.drop_index("ix_income_unit_id", "income")
    for name in ("due_or_evidence", "profit_is_of_a_year", "equity_has_a_capital", "not_withdrawn_when_counted"):
        op.drop_constraint(name, "income", type_="check")
    for table in ("income", "cost"):
        op.drop_constraint(f"uq_{table}_due_id_unit_id", table, type_="unique")
        op.drop_constraint("one_subject", table, type_="check")
        op.drop_index(f"ix_{table}_achievement_id_id", table)
        op.create_unique_constraint(f"uq_{table}_due_id", table, ["due_id"])
        op.alter_column(table, "contract_id", nullable=False)
        op.drop_column(table, "unit_id")
        op.drop_column(table, "achievement_id")
    for column in (
        "mode",
        "year",
        "first_year",
        "capital_minor",
        "evidence_sha256",
        "entered_by",
        "withdrawn_at",
        "withdrawn_for",
    ):
        op.drop_column("income", column)
    op.alter_column("income", "due_id", nullable=False)
    op.drop_constraint("one_subject", "distribution", type_="check")
    op.drop_index("ix_distribution_achievement_id", "distribution")
    for column in ("achievement_id", "mode", "in_shares"):
        op.drop_column("distribution", column)
    op.alter_column("distribution", "contract_id", nullable=False)
    _tables_by_unit(["subject"])


def _forget_new_kinds() -> None:
    """Splits that the market did not know before go with all that hangs on them, children before parents.

    What a claim that stays was reduced by in one of them stays taken off: its entry names the computation instead.
    """
    payee = "SELECT org_id FROM contract_party party WHERE party.contract_id = {}.contract_id AND party.role = 'PAYEE'"
    op.execute(
        "CREATE TEMPORARY TABLE gone AS SELECT distribution.id, computation_sha256 FROM distribution "
        "LEFT JOIN contract ON contract.id = distribution.contract_id "
        "WHERE distribution.contract_id IS NULL OR distribution.in_shares "
        f"OR distribution.mode <> {MODE_OF} OR distribution.unit_id <> ({payee.format('distribution')})"
    )
    op.execute(
        "CREATE TEMPORARY TABLE gone_line AS SELECT line.id, gone.computation_sha256 "
        "FROM distribution_line line JOIN gone ON gone.id = line.distribution_id"
    )
    claims = "SELECT id FROM reward_claim WHERE distribution_line_id IN (SELECT id FROM gone_line)"
    op.execute(f"DELETE FROM reward_claim_entry WHERE reward_claim_id IN ({claims})")
    op.execute("DELETE FROM reward_claim WHERE distribution_line_id IN (SELECT id FROM gone_line)")
    op.execute(
        "UPDATE reward_claim_entry entry SET distribution_line_id = NULL, "
        "evidence_sha256 = gone_line.computation_sha256 FROM gone_line WHERE gone_line.id = entry.distribution_line_id"
    )
    for table in ("income", "cost"):
        op.execute(f"UPDATE {table} SET distribution_id = NULL WHERE distribution_id IN (SELECT id FROM gone)")
    for table in (LINE, "line_rework", "distribution_proof"):
        op.execute(f"DELETE FROM {table} WHERE distribution_id IN (SELECT id FROM gone)")
    op.execute("DELETE FROM distribution WHERE id IN (SELECT id FROM gone)")
    # What is withdrawn would count again without the column that says so.
    op.execute("DELETE FROM income WHERE due_id IS NULL OR withdrawn_at IS NOT NULL")
    for table in ("income", "cost"):
        op.execute(f"DELETE FROM {table} WHERE contract_id IS NULL OR unit_id <> ({payee.format(table)})")
    op.execute("DROP TABLE gone, gone_line")
