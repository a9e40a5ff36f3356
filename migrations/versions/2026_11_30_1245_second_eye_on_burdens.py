"""What a unit says of another's burden is shown by a file and confirmed by somebody else; a pledgee may be registered.

Revision ID: 0064_attestations
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0064_attestations"
down_revision = "0063_evidence_named"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("encumbrance", sa.Column("holder_org_id", sa.Uuid, sa.ForeignKey("organisation.id")))
    op.create_table(
        "attestation",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("encumbrance_id", sa.Uuid, sa.ForeignKey("encumbrance.id"), nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("released_on", sa.Date),
        sa.Column("evidence_sha256", sa.String(64), nullable=False),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("decided_by_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("decided_org_id", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("decided_at", TIME),
        sa.Column("reasons", sa.Text),
        sa.CheckConstraint("(act = 'RELEASE') = (released_on IS NOT NULL)", name="a_release_has_a_day"),
        sa.CheckConstraint(
            "(state IN ('CONFIRMED', 'REFUSED')) = (decided_by_id IS NOT NULL)", name="decided_by_somebody"
        ),
        sa.CheckConstraint("decided_by_id <> by_person_id", name="a_second_eye"),
    )
    op.create_index(
        "uq_attestation_pending",
        "attestation",
        ["encumbrance_id", "act"],
        unique=True,
        postgresql_where=sa.text("state = 'PENDING'"),
    )


def downgrade() -> None:
    op.drop_table("attestation")
    op.drop_column("encumbrance", "holder_org_id")
