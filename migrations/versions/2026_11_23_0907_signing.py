"""Signings, signatories, signatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_signing"
down_revision = "0006_settlement"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("document_sha256", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("in_order", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
    )
    op.create_index("ix_signing_subject", "signing", ["subject"])
    op.create_table(
        "signatory",
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id"), primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("role", sa.String(32), nullable=False),
    )
    op.create_table(
        "signature",
        sa.Column("signing_id", sa.Uuid, primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document_sha256", sa.String(64), nullable=False),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(["signing_id", "position"], ["signatory.signing_id", "signatory.position"]),
        sa.UniqueConstraint("signing_id", "org_id", "person_id"),
    )
    for table in ("signatory", "signature"):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in ("signature", "signatory", "signing"):
        op.drop_table(table)
