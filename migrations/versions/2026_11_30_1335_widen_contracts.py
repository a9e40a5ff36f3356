"""Contracts of every kind: plans with terms, trials, border papers, corrections of reports, changes, breaches.

Revision ID: 0080_widen_contracts
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0080_widen_contracts"
down_revision = "0080_people_and_alerts"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TITLED = "milestone_has_title"


def file_of(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), sa.ForeignKey("file.sha256"))


def due_of(name: str, **more: bool) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid, sa.ForeignKey("due.id"), **more)


def upgrade() -> None:
    op.add_column("contract", sa.Column("form", sa.String(32)))
    op.add_column("contract", sa.Column("origin", sa.String(32), nullable=False, server_default="MARKET"))
    op.add_column("contract", sa.Column("crossing", JSONB))
    op.add_column("contract", sa.Column("trial_months", sa.BigInteger))
    op.add_column("contract", sa.Column("trial_until", sa.Date))
    op.add_column("contract", sa.Column("title_moves", sa.String(32)))
    op.add_column("contract", sa.Column("title_moved_at", TIME))
    op.add_column("contract", sa.Column("deposit_minor", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("contract", sa.Column("findings", JSONB, nullable=False, server_default="{}"))
    op.create_table(
        "contract_clearance",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("number", sa.String(100), nullable=False),
        sa.Column("issued_by", sa.String(200), nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("evidence_sha256", sa.String(64), sa.ForeignKey("file.sha256"), nullable=False),
        sa.Column("recorded_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.UniqueConstraint("contract_id", "kind"),
    )
    op.add_column("plan_line", sa.Column("due_on", sa.Date))
    op.add_column("plan_line", sa.Column("terms", JSONB))
    op.add_column("plan_line", sa.Column("version_n", sa.BigInteger, nullable=False, server_default="1"))
    op.add_column("plan_line", sa.Column("valid_from", sa.Date))
    op.add_column("plan_line", sa.Column("valid_until", sa.Date))
    op.add_column("plan_line", file_of("accepted_sha256"))
    op.add_column("plan_line", due_of("interest_due_id"))
    op.drop_constraint(TITLED, "plan_line", type_="check")
    op.create_check_constraint(TITLED, "plan_line", "kind NOT IN ('MILESTONE','EQUITY') OR title IS NOT NULL")
    op.add_column("royalty_report", sa.Column("charged_minor", sa.BigInteger))
    op.add_column("royalty_report", due_of("interest_due_id"))
    op.create_table(
        "royalty_correction",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, sa.ForeignKey("royalty_report.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("was_minor", sa.BigInteger, nullable=False),
        sa.Column("base_minor", sa.BigInteger, nullable=False),
        sa.Column("charged_minor", sa.BigInteger, nullable=False),
        due_of("due_id", unique=True),
        due_of("interest_due_id"),
        sa.Column("paid_at", TIME),
        sa.Column("reasons", sa.String, nullable=False),
        file_of("evidence_sha256"),
        sa.Column("corrected_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("corrected_at", TIME, nullable=False),
        sa.UniqueConstraint("report_id", "n"),
        sa.CheckConstraint("base_minor >= 0 AND charged_minor >= 0", name="amounts_not_negative"),
        sa.CheckConstraint("base_minor <> was_minor", name="corrects_something"),
    )
    op.add_column("contract_version", sa.Column("effective_on", sa.Date))
    op.create_table(
        "contract_change",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("document_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id"), nullable=False),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("reasons", sa.String, nullable=False),
        sa.Column("proposed_by_org", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("decided_at", TIME),
        sa.Column("version_n", sa.BigInteger),
        sa.UniqueConstraint("contract_id", "n"),
    )
    op.create_index(
        "uq_contract_change_open",
        "contract_change",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
    )
    op.create_table(
        "contract_breach",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("by_org", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("grounds", sa.String, nullable=False),
        due_of("due_id"),
        file_of("evidence_sha256"),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("demanded_at", TIME, nullable=False),
        sa.Column("cure_ends_at", TIME, nullable=False),
        sa.Column("closed_at", TIME),
        sa.Column("closing", sa.String),
    )
    op.create_index("ix_contract_breach_contract_id", "contract_breach", ["contract_id"])
    op.create_table(
        "contract_deadline",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("about", sa.Uuid),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("rule_key", sa.String(100)),
        sa.Column("done_at", TIME),
        file_of("evidence_sha256"),
        sa.Column("number", sa.String(100)),
        sa.Column("passed_at", TIME),
        sa.UniqueConstraint("contract_id", "kind", "about", postgresql_nulls_not_distinct=True),
    )
    op.create_index(
        "ix_contract_deadline_waiting",
        "contract_deadline",
        ["due_at"],
        postgresql_where=sa.text("done_at IS NULL AND passed_at IS NULL"),
    )
    _signing()


def _signing() -> None:
    op.create_table(
        "contract_paper",
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("file.sha256"), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_table(
        "signing_authority",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("evidence_sha256", sa.String(64), sa.ForeignKey("file.sha256"), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("recorded_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("decided_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("decided_at", TIME),
        sa.CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="days_in_order"),
    )
    op.create_index("ix_signing_authority_org_id_person_id", "signing_authority", ["org_id", "person_id"])
    op.create_table(
        "contract_signature",
        sa.Column("signing_id", sa.Uuid, primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("authority_id", sa.Uuid, sa.ForeignKey("signing_authority.id")),
        file_of("paper_sha256"),
        sa.Column("certificate", JSONB),
        sa.Column("identity", JSONB),
        sa.ForeignKeyConstraint(["signing_id", "position"], ["signature.signing_id", "signature.position"]),
    )
    op.create_index("ix_contract_signature_contract_id", "contract_signature", ["contract_id"])


def downgrade() -> None:
    for table in ("contract_signature", "signing_authority", "contract_paper"):
        op.drop_table(table)
    for table in ("contract_deadline", "contract_breach", "contract_change"):
        op.drop_table(table)
    op.drop_column("contract_version", "effective_on")
    op.drop_table("royalty_correction")
    for column in ("interest_due_id", "charged_minor"):
        op.drop_column("royalty_report", column)
    op.drop_constraint(TITLED, "plan_line", type_="check")
    # Yesterday's tables know fewer kinds of line: what was written since stays, as fees without a title.
    op.execute("UPDATE plan_line SET kind = 'ENTRY_FEE' WHERE kind IN ('LUMP', 'INSTALMENT', 'EQUITY')")
    op.execute("UPDATE plan_line SET title = NULL WHERE kind <> 'MILESTONE'")
    op.create_check_constraint(TITLED, "plan_line", "(kind = 'MILESTONE') = (title IS NOT NULL)")
    for column in ("interest_due_id", "accepted_sha256", "valid_until", "valid_from", "version_n", "terms", "due_on"):
        op.drop_column("plan_line", column)
    op.drop_table("contract_clearance")
    for column in (
        "findings",
        "deposit_minor",
        "title_moved_at",
        "title_moves",
        "trial_until",
        "trial_months",
        "crossing",
        "origin",
        "form",
    ):
        op.drop_column("contract", column)
