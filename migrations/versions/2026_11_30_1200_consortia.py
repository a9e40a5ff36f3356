"""Several organisations may bid as one participant, and stand together on one side of a contract.

Revision ID: 0054_consortia
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0054_consortia"
down_revision = "0053_approvals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, target in (
        ("agreement_sha256", "text.sha256"),
        ("agreement_signing_id", "signing.id"),
        ("deposit_org_id", "organisation.id"),
    ):
        kind = sa.String(64) if name == "agreement_sha256" else sa.Uuid()
        op.add_column("participant", sa.Column(name, kind, sa.ForeignKey(target, name=op.f(f"fk_participant_{name}"))))
    op.add_column("participant", sa.Column("agreed_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f("ck_participant_agreed_wholly"),
        "participant",
        "(agreement_sha256 IS NULL) = (agreement_signing_id IS NULL)"
        " AND (agreement_sha256 IS NOT NULL OR (agreed_at IS NULL AND deposit_org_id IS NULL))",
    )
    op.create_check_constraint(
        op.f("ck_participant_agent_or_representative"),
        "participant",
        "principal_org_id IS NULL OR agreement_sha256 IS NULL",
    )
    op.create_table(
        "consortium_member",
        sa.Column(
            "participant_id",
            sa.Uuid,
            sa.ForeignKey("participant.id", name=op.f("fk_consortium_member_participant_id")),
            nullable=False,
        ),
        sa.Column("position", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column(
            "org_id",
            sa.Uuid,
            sa.ForeignKey("organisation.id", name=op.f("fk_consortium_member_org_id")),
            nullable=False,
        ),
        sa.Column("related_because", JSONB, nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("participant_id", "position", name=op.f("pk_consortium_member")),
        sa.UniqueConstraint("participant_id", "org_id", name=op.f("uq_consortium_member_participant_id_org_id")),
        sa.CheckConstraint("position > 0", name=op.f("ck_consortium_member_position_is_counted")),
    )
    op.create_index(op.f("ix_consortium_member_org_id"), "consortium_member", ["org_id"])
    op.add_column("contract_party", sa.Column("position", sa.SmallInteger, nullable=False, server_default=sa.text("1")))
    op.drop_constraint(op.f("pk_contract_party"), "contract_party")
    op.create_primary_key(op.f("pk_contract_party"), "contract_party", ["contract_id", "role", "position"])


def downgrade() -> None:
    op.execute("DELETE FROM contract_party WHERE position > 1")
    op.drop_constraint(op.f("pk_contract_party"), "contract_party")
    op.create_primary_key(op.f("pk_contract_party"), "contract_party", ["contract_id", "role"])
    op.drop_column("contract_party", "position")
    op.drop_table("consortium_member")
    op.drop_constraint(op.f("ck_participant_agent_or_representative"), "participant")
    op.drop_constraint(op.f("ck_participant_agreed_wholly"), "participant")
    for name in ("agreed_at", "deposit_org_id", "agreement_signing_id", "agreement_sha256"):
        op.drop_column("participant", name)
