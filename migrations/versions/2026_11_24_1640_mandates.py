"""A participant may bid for a principal, who signs the mandate.

Revision ID: 0051_mandates
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051_mandates"
down_revision = "0050_afterwards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "participant",
        sa.Column(
            "principal_org_id",
            sa.Uuid,
            sa.ForeignKey("organisation.id", name=op.f("fk_participant_principal_org_id")),
        ),
    )
    op.add_column(
        "participant",
        sa.Column(
            "mandate_sha256", sa.String(64), sa.ForeignKey("text.sha256", name=op.f("fk_participant_mandate_sha256"))
        ),
    )
    op.add_column(
        "participant",
        sa.Column(
            "mandate_signing_id",
            sa.Uuid,
            sa.ForeignKey("signing.id", name=op.f("fk_participant_mandate_signing_id")),
        ),
    )
    op.add_column("participant", sa.Column("mandated_at", sa.DateTime(timezone=True)))
    op.create_index(op.f("ix_participant_principal_org_id"), "participant", ["principal_org_id"])
    op.create_check_constraint(op.f("ck_participant_principal_is_another"), "participant", "principal_org_id <> org_id")
    op.create_check_constraint(
        op.f("ck_participant_mandated_wholly"),
        "participant",
        "(principal_org_id IS NULL) = (mandate_sha256 IS NULL)"
        " AND (principal_org_id IS NULL) = (mandate_signing_id IS NULL)"
        " AND (principal_org_id IS NOT NULL OR mandated_at IS NULL)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_participant_mandated_wholly"), "participant")
    op.drop_constraint(op.f("ck_participant_principal_is_another"), "participant")
    op.drop_index(op.f("ix_participant_principal_org_id"), "participant")
    op.drop_column("participant", "mandated_at")
    op.drop_column("participant", "mandate_signing_id")
    op.drop_column("participant", "mandate_sha256")
    op.drop_column("participant", "principal_org_id")
