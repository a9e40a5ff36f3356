"""Folders with tiers, grants of one document, withdrawn documents, who was refused, agreements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034_data_rooms"
down_revision = "0033_achievement_versions"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
ORG, PERSON, ROOM, DOCUMENT = "organisation.id", "person.id", "data_room.subject", "document.id"


def upgrade() -> None:
    op.create_table(
        "room_folder",
        sa.Column("subject", sa.String(100), sa.ForeignKey(ROOM), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("tier", sa.SmallInteger, nullable=False),
        sa.CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
    )
    op.execute("INSERT INTO room_folder (subject, name, tier) SELECT DISTINCT subject, folder, 0 FROM document")
    _grants()
    _documents()
    _agreements()
    op.add_column("question", sa.Column("tier", sa.SmallInteger, server_default=sa.text("0"), nullable=False))
    op.create_check_constraint("tier", "question", "tier BETWEEN 0 AND 3")


def _grants() -> None:
    op.add_column("disclosure_grant", sa.Column("document_id", sa.Uuid, sa.ForeignKey(DOCUMENT)))
    op.drop_index("uq_disclosure_grant_open", "disclosure_grant")
    op.create_index(
        "uq_disclosure_grant_open",
        "disclosure_grant",
        ["org_id", "subject", "basis"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN' AND document_id IS NULL"),
    )
    op.create_index(
        "uq_disclosure_grant_open_document",
        "disclosure_grant",
        ["org_id", "document_id"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN' AND document_id IS NOT NULL"),
    )
    # What an owner opened by hand was called `nda`; that name now belongs to agreements that were signed here.
    op.execute("UPDATE disclosure_grant SET basis = 'owner' WHERE basis = 'nda'")


def _documents() -> None:
    for name in ("by_name", "is_stamped"):
        op.add_column("document", sa.Column(name, sa.Boolean, server_default=sa.false(), nullable=False))
    op.create_table(
        "document_withdrawal",
        sa.Column("document_id", sa.Uuid, sa.ForeignKey(DOCUMENT), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by_id", sa.Uuid, sa.ForeignKey(PERSON), nullable=False),
    )
    op.execute(
        "CREATE TRIGGER document_withdrawal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON document_withdrawal"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.add_column("document_read", sa.Column("outcome", sa.String(32), server_default="READ", nullable=False))
    op.add_column("document_read", sa.Column("entry_id", sa.Uuid))
    op.add_column("document_read", sa.Column("is_stamped", sa.Boolean, server_default=sa.false(), nullable=False))


def _agreements() -> None:
    op.create_table(
        "nda_text",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("owner_org_id", sa.Uuid, sa.ForeignKey(ORG), nullable=False),
        sa.Column("subject", sa.String(100), sa.ForeignKey(ROOM)),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("text_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("valid_days", sa.BigInteger, nullable=False),
        sa.Column("counter_signature", sa.Boolean, nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("published_by_id", sa.Uuid, sa.ForeignKey(PERSON), nullable=False),
        sa.Column("binds_from", TIME),
        sa.UniqueConstraint("owner_org_id", "subject", "version", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("version > 0", name="version"),
        sa.CheckConstraint("valid_days > 0", name="valid_days"),
    )
    op.create_table(
        "nda",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("text_id", sa.Uuid, sa.ForeignKey("nda_text.id"), nullable=False),
        sa.Column("subject", sa.String(100), sa.ForeignKey(ROOM), nullable=False),
        sa.Column("owner_org_id", sa.Uuid, sa.ForeignKey(ORG), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey(ORG), nullable=False),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id"), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("signed_at", TIME, nullable=False),
        sa.Column("in_force_at", TIME),
        sa.Column("until", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("reason", sa.Text),
    )
    for name, state in (("waiting", "SIGNED"), ("in_force", "IN_FORCE")):
        op.create_index(
            f"uq_nda_{name}",
            "nda",
            ["org_id", "subject"],
            unique=True,
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.create_index("ix_nda_owner_org_id", "nda", ["owner_org_id", "id"])
    op.create_index("ix_nda_org_id", "nda", ["org_id", "id"])
    op.create_index("ix_nda_text_id", "nda", ["text_id"])


def downgrade() -> None:
    op.drop_constraint("ck_question_tier", "question")
    op.drop_column("question", "tier")
    for table in ("nda", "nda_text", "document_withdrawal"):
        op.drop_table(table)
    for name in ("is_stamped", "entry_id", "outcome"):
        op.drop_column("document_read", name)
    for name in ("is_stamped", "by_name"):
        op.drop_column("document", name)
    # A grant of one document would read as one of its whole tier: it closes instead.
    op.execute("UPDATE disclosure_grant SET state = 'CLOSED' WHERE document_id IS NOT NULL AND state = 'OPEN'")
    op.drop_index("uq_disclosure_grant_open_document", "disclosure_grant")
    op.drop_index("uq_disclosure_grant_open", "disclosure_grant")
    op.drop_column("disclosure_grant", "document_id")
    op.create_index(
        "uq_disclosure_grant_open",
        "disclosure_grant",
        ["org_id", "subject", "basis"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.drop_table("room_folder")
