"""Contracts made elsewhere, with their scan and two who attest it; registrations with items, codes and corrections.

Revision ID: 0081_attest_contracts
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0081_attest_contracts"
down_revision = "0080_widen_contracts"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
CODES = (("seller_code", 3), ("buyer_code", 3), ("seller_place", 6), ("buyer_place", 6))


def upgrade() -> None:
    op.add_column("contract", sa.Column("signed_on", sa.Date))
    op.add_column("contract", sa.Column("scan_sha256", sa.String(64), sa.ForeignKey("file.sha256")))
    op.add_column("contract", sa.Column("paid_sha256", sa.String(64), sa.ForeignKey("file.sha256")))
    op.create_check_constraint("elsewhere_has_a_scan", "contract", "(origin = 'MARKET') = (scan_sha256 IS NULL)")
    op.create_table(
        "contract_attestation",
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("document_sha256", sa.String(64), nullable=False),
        sa.Column("entry_id", sa.Uuid, nullable=False),
    )
    op.create_table(
        "signature_order",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id"), nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("base_sha256", sa.String(64), sa.ForeignKey("file.sha256"), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(200)),
        sa.Column("url", sa.String(2000)),
        sa.Column("ordered_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("why", sa.String(100)),
        sa.CheckConstraint("(state = 'INTENDED') = (reference IS NULL)", name="sent_with_a_reference"),
    )
    op.create_index(
        "uq_signature_order_alive",
        "signature_order",
        ["signing_id", "position"],
        unique=True,
        postgresql_where=sa.text("state IN ('INTENDED','SENT','SIGNED')"),
    )
    op.create_index(
        "ix_signature_order_waiting",
        "signature_order",
        ["id"],
        postgresql_where=sa.text("state IN ('INTENDED','SENT')"),
    )
    op.add_column("registration", sa.Column("is_estimate", sa.Boolean, nullable=False, server_default="false"))
    for name, length in CODES:
        op.add_column("registration", sa.Column(name, sa.String(length)))
    op.create_table(
        "registration_item",
        sa.Column("registration_id", sa.Uuid, sa.ForeignKey("registration.id"), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.CheckConstraint("minor > 0", name="above_nought"),
    )
    op.create_table(
        "registration_correction",
        sa.Column("registration_id", sa.Uuid, sa.ForeignKey("registration.id"), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("was_whole_minor", sa.BigInteger, nullable=False),
        sa.Column("was_technology_minor", sa.BigInteger, nullable=False),
        sa.Column("whole_minor", sa.BigInteger, nullable=False),
        sa.Column("technology_minor", sa.BigInteger, nullable=False),
        sa.Column("reasons", sa.String, nullable=False),
        sa.Column("corrected_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("signature_order")
    op.drop_table("registration_correction")
    op.drop_table("registration_item")
    for name, _ in reversed(CODES):
        op.drop_column("registration", name)
    op.drop_column("registration", "is_estimate")
    op.drop_table("contract_attestation")
    op.drop_constraint("elsewhere_has_a_scan", "contract", type_="check")
    for name in ("paid_sha256", "scan_sha256", "signed_on"):
        op.drop_column("contract", name)
