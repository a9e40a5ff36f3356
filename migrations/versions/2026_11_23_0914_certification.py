"""Certificates: two people, none of them a party's, numbers without gap."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_certification"
down_revision = "0013_contracts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.String(32), unique=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("facts_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("credential_sha256", sa.String(64), sa.ForeignKey("text.sha256")),
        sa.Column("jwt_sha256", sa.String(64), unique=True),
        sa.Column("entry_id", sa.Uuid),
        sa.Column("prepared_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("issued_at", sa.DateTime(timezone=True)),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(32)),
        sa.Column("reasons", sa.String),
        sa.CheckConstraint("prepared_by <> approved_by", name="two_people"),
        sa.CheckConstraint(
            "(state IN ('ISSUED','SUSPENDED','REVOKED')) = (number IS NOT NULL AND approved_by IS NOT NULL"
            " AND issued_at IS NOT NULL AND credential_sha256 IS NOT NULL AND jwt_sha256 IS NOT NULL"
            " AND entry_id IS NOT NULL)",
            name="issued_whole",
        ),
    )
    op.create_index("ix_certificate_contract_id", "certificate", ["contract_id"])
    op.create_index("ix_certificate_prepared_at_id", "certificate", ["prepared_at", "id"])
    op.create_index(
        "uq_certificate_alive",
        "certificate",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('PREPARED','ISSUED','SUSPENDED')"),
    )
    op.create_table(
        "certificate_counter",
        sa.Column("year", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    # The service asks first; this is for whoever writes past it.
    op.execute(
        "CREATE FUNCTION certifiers_are_outsiders() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF EXISTS (SELECT 1 FROM contract_party p JOIN membership m ON m.org_id = p.org_id"
        " WHERE p.contract_id = NEW.contract_id AND m.ended_at IS NULL"
        " AND m.person_id IN (NEW.prepared_by, NEW.approved_by)) THEN"
        " RAISE EXCEPTION 'a certifier belongs to a party of the contract' USING ERRCODE = '23514';"
        " END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER certifiers_are_outsiders BEFORE INSERT OR UPDATE OF prepared_by, approved_by ON certificate"
        " FOR EACH ROW EXECUTE FUNCTION certifiers_are_outsiders()"
    )


def downgrade() -> None:
    op.drop_table("certificate_counter")
    op.drop_table("certificate")
    op.execute("DROP FUNCTION certifiers_are_outsiders()")
