"""Contracts, their parties, texts and payment plans, royalty reports, registrations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013_contracts"
down_revision = "0012_trading"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contract",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.String(32), nullable=False, unique=True),
        sa.Column("award_id", sa.Uuid, sa.ForeignKey("award.id"), unique=True),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id")),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("licence_kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("rule_date", sa.Date, nullable=False),
        sa.Column("scope", JSONB, nullable=False),
        sa.Column("term_years", sa.BigInteger),
        sa.Column("current_n", sa.BigInteger, nullable=False),
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id")),
        sa.Column("in_force_at", sa.DateTime(timezone=True)),
        sa.Column("term_from", sa.Date),
        sa.Column("term_until", sa.Date),
        sa.Column("reasons", sa.String),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(in_force_at IS NULL) = (term_from IS NULL)", name="term_starts_with_force"),
        sa.CheckConstraint("term_years IS NULL OR term_years BETWEEN 1 AND 100", name="term_is_possible"),
    )
    op.create_index("ix_contract_created_at_id", "contract", ["created_at", "id"])
    op.create_table(
        "contract_counter",
        sa.Column("year", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "contract_party",
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), primary_key=True),
        sa.Column("role", sa.String(32), primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
    )
    op.create_index("ix_contract_party_org_id", "contract_party", ["org_id"])
    op.create_table(
        "contract_achievement",
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), nullable=False),
    )
    op.create_index("ix_contract_achievement_achievement_id", "contract_achievement", ["achievement_id"])
    op.create_table(
        "contract_version",
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "plan_line",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("minor", sa.BigInteger),
        sa.Column("rate", sa.Numeric(14, 12)),
        sa.Column("base", sa.String(100)),
        sa.Column("due_n", sa.BigInteger, nullable=False),
        sa.Column("due_unit", sa.String(32), nullable=False),
        sa.Column("credited_minor", sa.BigInteger, nullable=False),
        sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id"), unique=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.UniqueConstraint("contract_id", "n"),
        sa.CheckConstraint("(kind = 'ROYALTY') = (rate IS NOT NULL)", name="royalty_has_rate"),
        sa.CheckConstraint("(kind = 'ENTRY_FEE') = (minor IS NOT NULL)", name="fee_has_amount"),
        sa.CheckConstraint("minor > 0", name="amount_positive"),
    )
    op.create_table(
        "royalty_report",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("plan_line_id", sa.Uuid, sa.ForeignKey("plan_line.id"), nullable=False),
        sa.Column("period_from", sa.Date, nullable=False),
        sa.Column("period_to", sa.Date, nullable=False),
        sa.Column("base_minor", sa.BigInteger, nullable=False),
        sa.Column("royalty_minor", sa.BigInteger, nullable=False),
        sa.Column("due_id", sa.Uuid, sa.ForeignKey("due.id"), unique=True),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.Column("reported_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("contract_id", "period_from"),
        sa.CheckConstraint("period_from <= period_to", name="period_forward"),
        sa.CheckConstraint("base_minor >= 0 AND royalty_minor >= 0", name="amounts_not_negative"),
    )
    op.create_table(
        "registration",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("class", sa.String(32), nullable=False),
        sa.Column("whole_minor", sa.BigInteger, nullable=False),
        sa.Column("technology_minor", sa.BigInteger, nullable=False),
        sa.Column("number", sa.String(64)),
        sa.Column("filed_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decide_by", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("reasons", sa.String),
        sa.CheckConstraint("technology_minor >= 0 AND whole_minor >= technology_minor", name="technology_within_whole"),
        sa.CheckConstraint("(state = 'FILED') = (decided_at IS NULL)", name="decided_with_a_date"),
    )
    op.create_index(
        "uq_registration_alive",
        "registration",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('FILED','REGISTERED')"),
    )
    op.create_table(
        "relief_flag",
        sa.Column("registration_id", sa.Uuid, sa.ForeignKey("registration.id"), primary_key=True),
        sa.Column("tax", sa.String(32), primary_key=True),
        sa.Column("relief", sa.String(32), nullable=False),
        sa.Column("needs_confirmation", sa.Boolean, nullable=False),
    )
    # The text a party signed stays what it was; only which signing it awaits is filled in once.
    op.execute(
        "CREATE FUNCTION contract_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'UPDATE' AND NEW.contract_id = OLD.contract_id AND NEW.n = OLD.n AND NEW.sha256 = OLD.sha256"
        " AND NEW.at = OLD.at AND OLD.signing_id IS NULL THEN RETURN NEW; END IF;"
        " RAISE EXCEPTION 'a contract version is never changed or removed' USING ERRCODE = '42501'; END $$"
    )
    op.execute(
        "CREATE TRIGGER contract_version_stays BEFORE UPDATE OR DELETE ON contract_version"
        " FOR EACH ROW EXECUTE FUNCTION contract_version_stays()"
    )


def downgrade() -> None:
    for table in (
        "relief_flag", "registration", "royalty_report", "plan_line", "contract_version", "contract_achievement",
        "contract_party", "contract_counter", "contract",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("DROP FUNCTION contract_version_stays()")
