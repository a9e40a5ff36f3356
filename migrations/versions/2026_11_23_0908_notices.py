"""Notices, postings, objections, pauses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_notices"
down_revision = "0007_signing"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("document_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("owner_org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("reader_org_ids", sa.ARRAY(sa.Uuid), nullable=False),
        sa.Column("rule_date", sa.Date, nullable=False),
        sa.Column("length_n", sa.BigInteger, nullable=False),
        sa.Column("length_unit", sa.String(32), nullable=False),
        sa.Column("places", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("effect", sa.String(32), nullable=False),
        sa.Column("lines", sa.ARRAY(sa.String(100))),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("public_since", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("look_at", TIME),
        sa.Column("replaces_id", sa.Uuid, sa.ForeignKey("notice.id")),
        sa.CheckConstraint("length_n > 0", name="length"),
    )
    op.create_index("ix_notice_subject", "notice", ["subject"])
    op.create_index("ix_notice_owner_org_id", "notice", ["owner_org_id"])
    standing = sa.text("state IN ('PREPARED', 'RUNNING', 'PAUSED')")
    op.create_index("uq_notice_standing", "notice", ["subject", "kind"], unique=True, postgresql_where=standing)
    op.create_index("ix_notice_look_at", "notice", ["look_at"], postgresql_where=sa.text("state = 'RUNNING'"))
    op.create_table(
        "notice_posting",
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), primary_key=True),
        sa.Column("place", sa.String(32), primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("evidence_sha256", sa.String(64)),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id")),
    )
    op.create_table(
        "objection",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), nullable=False),
        sa.Column("by_org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("grounds", sa.Text, nullable=False),
        sa.Column("lines", sa.ARRAY(sa.String(100))),
        sa.Column("evidence_sha256", sa.String(64)),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("filed_at", TIME, nullable=False),
        sa.Column("decided_at", TIME),
        sa.Column("decided_by_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("reasons", sa.Text),
    )
    op.create_index("ix_objection_notice_id", "objection", ["notice_id"])
    filed = sa.text("state = 'FILED'")
    op.create_index(
        "uq_objection_open", "objection", ["notice_id", "by_person_id"], unique=True, postgresql_where=filed
    )
    op.create_table(
        "notice_pause",
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), primary_key=True),
        sa.Column("objection_id", sa.Uuid, sa.ForeignKey("objection.id"), primary_key=True),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.UniqueConstraint("objection_id"),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="order"),
    )
    op.execute(
        "CREATE TRIGGER notice_posting_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON notice_posting"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in ("notice_pause", "objection", "notice_posting", "notice"):
        op.drop_table(table)
