"""Data rooms, grants, documents, their readers, questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_disclosure"
down_revision = "0008_notices"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
ORG, PERSON = "organisation.id", "person.id"


def upgrade() -> None:
    op.create_table(
        "data_room",
        sa.Column("subject", sa.String(100), primary_key=True),
        sa.Column("owner_org_id", sa.Uuid, sa.ForeignKey(ORG), nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
    )
    op.create_index("ix_data_room_owner_org_id", "data_room", ["owner_org_id"])
    op.create_table(
        "disclosure_grant",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey(ORG), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("tier", sa.SmallInteger, nullable=False),
        sa.Column("basis", sa.String(100), nullable=False),
        sa.Column("until", TIME),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("granted_at", TIME, nullable=False),
        sa.Column("granted_by_id", sa.Uuid, sa.ForeignKey(PERSON)),
        sa.Column("closed_at", TIME),
        sa.CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
    )
    op.create_index("ix_disclosure_grant_subject", "disclosure_grant", ["subject"])
    op.create_index(
        "uq_disclosure_grant_open",
        "disclosure_grant",
        ["org_id", "subject", "basis"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("subject", sa.String(100), sa.ForeignKey("data_room.subject"), nullable=False),
        sa.Column("folder", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("tier", sa.SmallInteger, nullable=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("file.sha256"), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("added_by_id", sa.Uuid, sa.ForeignKey(PERSON), nullable=False),
        sa.UniqueConstraint("subject", "folder", "name", "version"),
        sa.CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
        sa.CheckConstraint("version > 0", name="version"),
    )
    op.create_table(
        "document_read",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("document_id", sa.Uuid, sa.ForeignKey("document.id"), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey(ORG)),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey(PERSON)),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("ix_document_read_document_id", "document_read", ["document_id", "id"])
    op.create_table(
        "question",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("subject", sa.String(100), sa.ForeignKey("data_room.subject"), nullable=False),
        sa.Column("asker_org_id", sa.Uuid, sa.ForeignKey(ORG), nullable=False),
        sa.Column("asker_person_id", sa.Uuid, sa.ForeignKey(PERSON), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("answered_at", TIME),
        sa.Column("answered_by_id", sa.Uuid, sa.ForeignKey(PERSON)),
    )
    op.create_index("ix_question_subject", "question", ["subject", "id"])
    for table in ("document", "document_read"):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in ("question", "document_read", "document", "disclosure_grant", "data_room"):
        op.drop_table(table)
