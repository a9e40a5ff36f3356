"""Logs that follow one another after a restore, the history of the market's keys, cosignatures, commitments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028_log"
down_revision = "0027_lot_turns"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.add_column("journal_log", sa.Column("previous_id", sa.Uuid, sa.ForeignKey("journal_log.log_id")))
    op.add_column("journal_log", sa.Column("previous_size", sa.BigInteger))
    op.create_table(
        "published_key",
        sa.Column("kid", sa.String(16), primary_key=True),
        sa.Column("use", sa.String(32), nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.CheckConstraint("octet_length(raw) = 32", name="raw"),
    )
    op.create_table(
        "cosignature",
        sa.Column("size", sa.BigInteger, sa.ForeignKey("checkpoint.size"), primary_key=True, autoincrement=False),
        sa.Column("witness", sa.String(200), primary_key=True),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "commitment",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("revealed_at", sa.DateTime(timezone=True)),
        sa.Column("document_sha256", sa.String(64)),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("revealed_entry_id", sa.Uuid),
        sa.CheckConstraint(
            "(state = 'REVEALED') = (revealed_at IS NOT NULL AND document_sha256 IS NOT NULL AND salt IS NOT NULL"
            " AND revealed_entry_id IS NOT NULL)",
            name="revealed_wholly",
        ),
    )
    op.create_index("ix_commitment_org_id_id", "commitment", ["org_id", "id"])
    op.execute(
        "CREATE TRIGGER cosignature_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignature"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("commitment")
    op.drop_table("cosignature")
    op.drop_table("published_key")
    op.drop_column("journal_log", "previous_size")
    op.drop_column("journal_log", "previous_id")
