"""Sealed lots: the lot's key, its officers and their shares, one slot a seat, and what the opening found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030_sealed_lots"
down_revision = "0029_deposit_causes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lot_sealing",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("suite", sa.String(64), nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("needed", sa.SmallInteger, nullable=False),
        sa.Column("officers", sa.SmallInteger, nullable=False),
        sa.Column("slots_sha256", sa.String(64)),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("private_key", sa.LargeBinary),
        sa.CheckConstraint("octet_length(public_key) = 32", name="public_key_is_a_key"),
        sa.CheckConstraint("needed >= 2 AND needed < officers", name="one_share_may_be_lost"),
        sa.CheckConstraint(
            "(private_key IS NULL) = (opened_at IS NULL) AND (opened_at IS NULL OR slots_sha256 IS NOT NULL)",
            name="opens_wholly",
        ),
    )
    op.create_table(
        "opening_officer",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot_sealing.lot_id"), primary_key=True),
        sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("share_sha256", sa.String(64), nullable=False),
        sa.Column("share", sa.LargeBinary),
        sa.Column("given_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("lot_id", "person_id"),
        sa.CheckConstraint("(share IS NULL) = (given_at IS NULL)", name="gives_wholly"),
    )
    op.create_table(
        "envelope",
        sa.Column("lot_id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["lot_id", "org_id"], ["seat.lot_id", "seat.org_id"]),
        sa.CheckConstraint("octet_length(wrapped) = 4172", name="has_the_one_length"),
    )
    op.create_table(
        "opened_envelope",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lot_sealing.lot_id"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("drawn", sa.SmallInteger, nullable=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("copied_from", sa.BigInteger),
        sa.Column("minor", sa.BigInteger),
        sa.Column("content", JSONB),
        sa.Column("nonce", sa.LargeBinary),
        sa.Column("commitment", sa.LargeBinary),
        sa.UniqueConstraint("lot_id", "drawn"),
        sa.CheckConstraint("(verdict = 'sealed.counted') <= (content IS NOT NULL)", name="counted_has_content"),
    )
    op.execute(
        "CREATE TRIGGER opened_envelope_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON opened_envelope"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in ("opened_envelope", "envelope", "opening_officer", "lot_sealing"):
        op.drop_table(table)
