"""Versions of a notice, evidence as files, postings elsewhere, deadlines of objections, the entries that tell of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032_notice_evidence"
down_revision = "0031_panels"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
STAYS = "CREATE TRIGGER {0}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {0} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"  # noqa: E501

ENTRIES = """
INSERT INTO notice_entry (entry_id, notice_id, kind)
SELECT e.id, n.id, e.kind FROM journal_entry e
  CROSS JOIN LATERAL jsonb_array_elements_text(e.refs) AS r(ref)
  JOIN notice n ON r.ref = 'notice:' || n.id
 WHERE e.kind LIKE 'notices.%'
"""


def upgrade() -> None:
    op.add_column("notice", sa.Column("version_n", sa.BigInteger, server_default="1", nullable=False))
    op.add_column("notice", sa.Column("opened_by_id", sa.Uuid, sa.ForeignKey("person.id")))
    op.create_table(
        "notice_version",
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("document_sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("change", sa.String(32)),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id")),
    )
    op.execute(
        "INSERT INTO notice_version (notice_id, n, document_sha256, at)"
        " SELECT id, 1, document_sha256, created_at FROM notice"
    )
    op.create_table(
        "evidence",
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("file.sha256"), primary_key=True),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("ix_evidence_org_id_at", "evidence", ["org_id", "at"])
    op.create_table(
        "notice_entry",
        sa.Column("entry_id", sa.Uuid, primary_key=True),
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
    )
    op.create_index("ix_notice_entry_notice_id", "notice_entry", ["notice_id"])
    op.execute(ENTRIES)

    # A posting is never changed; it is given its new columns once.
    op.add_column(
        "notice_posting", sa.Column("id", sa.Uuid, server_default=sa.text("gen_random_uuid()"), nullable=False)
    )
    op.add_column("notice_posting", sa.Column("version_n", sa.BigInteger, server_default="1", nullable=False))
    op.add_column("notice_posting", sa.Column("url", sa.String(500)))
    op.drop_constraint("pk_notice_posting", "notice_posting")
    op.create_primary_key("pk_notice_posting", "notice_posting", ["id"])
    op.create_index("ix_notice_posting_notice_id", "notice_posting", ["notice_id"])
    op.create_index(
        "uq_notice_posting_place",
        "notice_posting",
        ["notice_id", "version_n", "place"],
        unique=True,
        postgresql_where=sa.text("place <> 'ELSEWHERE'"),
    )

    op.add_column("objection", sa.Column("carried_from_id", sa.Uuid, sa.ForeignKey("notice.id")))
    op.add_column("objection", sa.Column("grounds_sha256", sa.String(64), server_default="", nullable=False))
    for name in ("acknowledge_by", "acknowledged_at", "decide_by"):
        op.add_column("objection", sa.Column(name, TIME))
    op.add_column("objection", sa.Column("acknowledged_by_id", sa.Uuid, sa.ForeignKey("person.id")))
    op.add_column("objection", sa.Column("published_reasons", sa.Text))
    op.create_index("ix_objection_carried_from_id", "objection", ["carried_from_id"])
    op.create_index("ix_objection_by_org_id", "objection", ["by_org_id"])
    op.create_index("ix_objection_decide_by", "objection", ["decide_by"], postgresql_where=sa.text("state = 'FILED'"))
    op.create_table(
        "objection_evidence",
        sa.Column("objection_id", sa.Uuid, sa.ForeignKey("objection.id"), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("at", TIME, nullable=False),
    )
    op.execute(
        "INSERT INTO objection_evidence (objection_id, sha256, at)"
        " SELECT id, evidence_sha256, filed_at FROM objection WHERE evidence_sha256 IS NOT NULL"
    )
    op.drop_column("objection", "evidence_sha256")
    # An objection carried to the notice that replaced its own stops both clocks, one after the other.
    op.drop_constraint("uq_notice_pause_objection_id", "notice_pause")
    op.create_unique_constraint("uq_notice_pause_notice_id_objection_id", "notice_pause", ["notice_id", "objection_id"])
    for table in ("notice_version", "notice_entry", "objection_evidence"):
        op.execute(STAYS.format(table))


def downgrade() -> None:
    op.execute(
        "DELETE FROM notice_pause p USING objection o WHERE o.id = p.objection_id AND o.notice_id <> p.notice_id"
    )
    op.drop_constraint("uq_notice_pause_notice_id_objection_id", "notice_pause")
    op.create_unique_constraint("uq_notice_pause_objection_id", "notice_pause", ["objection_id"])
    op.add_column("objection", sa.Column("evidence_sha256", sa.String(64)))
    op.execute(
        "UPDATE objection o SET evidence_sha256 ="
        " (SELECT min(e.sha256) FROM objection_evidence e WHERE e.objection_id = o.id)"
    )
    op.drop_table("objection_evidence")
    for name in (
        "published_reasons",
        "acknowledged_by_id",
        "decide_by",
        "acknowledged_at",
        "acknowledge_by",
        "grounds_sha256",
        "carried_from_id",
    ):
        op.drop_column("objection", name)
    op.drop_index("ix_objection_by_org_id", "objection")
    op.drop_index("uq_notice_posting_place", "notice_posting")
    op.drop_index("ix_notice_posting_notice_id", "notice_posting")
    op.execute("ALTER TABLE notice_posting DISABLE TRIGGER notice_posting_stays")
    op.execute("DELETE FROM notice_posting WHERE place = 'ELSEWHERE' OR version_n > 1")
    op.execute("ALTER TABLE notice_posting ENABLE TRIGGER notice_posting_stays")
    op.drop_constraint("pk_notice_posting", "notice_posting")
    for name in ("url", "version_n", "id"):
        op.drop_column("notice_posting", name)
    op.create_primary_key("pk_notice_posting", "notice_posting", ["notice_id", "place"])
    for table in ("notice_entry", "evidence", "notice_version"):
        op.drop_table(table)
    op.drop_column("notice", "opened_by_id")
    op.drop_column("notice", "version_n")
