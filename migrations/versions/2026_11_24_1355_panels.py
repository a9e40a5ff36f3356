"""Panels of scored lots: who sits, the hidden sheets, the opened marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031_panels"
down_revision = "0030_sealed_lots"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "panel_seat",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("n", sa.SmallInteger, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id")),
        sa.Column("appointed_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("lot_id", "n"),
    )
    op.create_table(
        "score_sheet",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("hidden", sa.LargeBinary, nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "lot_scores",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("document_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    )
    for table in ("score_sheet", "lot_scores"):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in ("lot_scores", "score_sheet", "panel_seat"):
        op.drop_table(table)
