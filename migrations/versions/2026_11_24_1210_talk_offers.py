"""The signed offers of a negotiation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_talk_offers"
down_revision = "0025_licence_manner"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "talk_offer",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), nullable=False),
        sa.Column("participant_id", sa.Uuid, sa.ForeignKey("participant.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("by_org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("document_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id"), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("participant_id", "lot_id", "n"),
        sa.CheckConstraint("minor > 0", name="price_is_positive"),
    )
    op.create_index(
        "uq_talk_offer_open",
        "talk_offer",
        ["participant_id", "lot_id"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_index(
        "uq_talk_offer_accepted",
        "talk_offer",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("state = 'ACCEPTED'"),
    )


def downgrade() -> None:
    op.drop_table("talk_offer")
