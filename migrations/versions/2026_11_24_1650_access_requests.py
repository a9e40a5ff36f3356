"""Requests for access; grants to one person, of one folder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047_access_requests"
down_revision = "0046_vesting"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
ORG, PERSON, ROOM = "organisation.id", "person.id", "data_room.subject"
GRANTS = "disclosure_grant"


def upgrade() -> None:
    op.add_column(GRANTS, sa.Column("person_id", sa.Uuid, sa.ForeignKey(PERSON)))
    op.add_column(GRANTS, sa.Column("folder", sa.String(64)))
    op.create_check_constraint("one_thing", GRANTS, "folder IS NULL OR document_id IS NULL")
    _unique(["org_id", "subject", "basis", "folder", "person_id"], ["org_id", "document_id", "person_id"])
    op.create_table(
        "access_request",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("subject", sa.String(100), sa.ForeignKey(ROOM), nullable=False),
        sa.Column("owner_org_id", sa.Uuid, sa.ForeignKey(ORG), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey(ORG), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey(PERSON), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("tier", sa.SmallInteger),
        sa.Column("folders", sa.ARRAY(sa.String(64)), nullable=False),
        sa.Column("document_ids", sa.ARRAY(sa.Uuid), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("decided_at", TIME),
        sa.Column("decided_by_id", sa.Uuid, sa.ForeignKey(PERSON)),
        sa.Column("reason", sa.Text),
        sa.Column("granted_until", TIME),
        sa.CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
    )
    op.create_index(
        "uq_access_request_asked",
        "access_request",
        ["org_id", "subject"],
        unique=True,
        postgresql_where=sa.text("state = 'ASKED'"),
    )
    op.create_index("ix_access_request_owner_org_id", "access_request", ["owner_org_id", "id"])
    op.create_index("ix_access_request_org_id", "access_request", ["org_id", "id"])


def _unique(tiers: list[str], documents: list[str], *, nulls_not_distinct: bool = True) -> None:
    op.drop_index("uq_disclosure_grant_open_document", GRANTS)
    op.drop_index("uq_disclosure_grant_open", GRANTS)
    for name, columns, which in (
        ("uq_disclosure_grant_open", tiers, "document_id IS NULL"),
        ("uq_disclosure_grant_open_document", documents, "document_id IS NOT NULL"),
    ):
        op.create_index(
            name,
            GRANTS,
            columns,
            unique=True,
            postgresql_where=sa.text(f"state = 'OPEN' AND {which}"),
            postgresql_nulls_not_distinct=nulls_not_distinct,
        )


def downgrade() -> None:
    op.drop_table("access_request")
    # A grant of one folder would read as one of its whole tier, one to a person as one to his organisation: it closes.
    op.execute(
        "UPDATE disclosure_grant SET state = 'CLOSED' WHERE state = 'OPEN'"
        " AND (folder IS NOT NULL OR person_id IS NOT NULL)"
    )
    _unique(["org_id", "subject", "basis"], ["org_id", "document_id"], nulls_not_distinct=False)
    op.drop_constraint("ck_disclosure_grant_one_thing", GRANTS)
    op.drop_column(GRANTS, "folder")
    op.drop_column(GRANTS, "person_id")
