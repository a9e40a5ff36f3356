"""A notice can be announced as extendable, extended, suspended and resumed; a cleared one keeps its end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021_notice_extensions"
down_revision = "0018_jobs"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

# The state's own company is bound by the rules for state assets; a university or institute of the state by its own.
OWNER_KINDS = """
UPDATE notice SET owner_kinds = k.kinds, jurisdiction = k.jurisdiction FROM (
    SELECT id,
        CASE WHEN kind = 'ENTERPRISE' AND government_established THEN ARRAY['soe', 'enterprise', 'any']
             WHEN government_established THEN ARRAY['government_unit', 'non_soe', 'any']
             ELSE ARRAY['enterprise', 'non_soe', 'any'] END AS kinds,
        CASE WHEN applies_local_rules AND region IS NOT NULL THEN 'CN-' || left(region, 2) ELSE 'CN' END AS jurisdiction
    FROM organisation
) k WHERE k.id = notice.owner_org_id
"""


def upgrade() -> None:
    op.add_column("notice", sa.Column("extension_n", sa.BigInteger))
    op.add_column("notice", sa.Column("extensions_at_most", sa.BigInteger))
    op.add_column("notice", sa.Column("owner_kinds", sa.ARRAY(sa.String(32)), server_default="{non_soe,any}"))
    op.add_column("notice", sa.Column("jurisdiction", sa.String(16), server_default="CN"))
    op.add_column("notice", sa.Column("ended_at", TIME))
    op.execute(OWNER_KINDS)
    op.alter_column("notice", "owner_kinds", nullable=False)
    op.alter_column("notice", "jurisdiction", nullable=False)
    op.create_check_constraint(
        "extension",
        "notice",
        "(extension_n IS NULL) = (extensions_at_most IS NULL) AND extension_n > 0 AND extensions_at_most > 0",
    )
    op.create_table(
        "notice_lengthening",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.CheckConstraint("n > 0", name="days"),
    )
    op.create_index("ix_notice_lengthening_notice_id", "notice_lengthening", ["notice_id"])
    op.execute(
        "CREATE TRIGGER notice_lengthening_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON notice_lengthening"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.add_column("notice_pause", sa.Column("id", sa.Uuid, server_default=sa.text("gen_random_uuid()"), nullable=False))
    op.add_column("notice_pause", sa.Column("cause", sa.String(32), server_default="OBJECTION", nullable=False))
    op.add_column("notice_pause", sa.Column("reasons", sa.Text))
    op.add_column("notice_pause", sa.Column("resume_by", TIME))
    op.drop_constraint("pk_notice_pause", "notice_pause")
    op.create_primary_key("pk_notice_pause", "notice_pause", ["id"])
    op.alter_column("notice_pause", "objection_id", nullable=True)
    op.create_check_constraint("cause", "notice_pause", "(cause = 'OBJECTION') = (objection_id IS NOT NULL)")
    op.create_check_constraint("reasons", "notice_pause", "(cause = 'SUSPENSION') = (reasons IS NOT NULL)")
    op.create_index("ix_notice_pause_notice_id", "notice_pause", ["notice_id"])
    op.create_index(
        "uq_notice_pause_suspension",
        "notice_pause",
        ["notice_id"],
        unique=True,
        postgresql_where=sa.text("cause = 'SUSPENSION' AND ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_notice_pause_suspension", "notice_pause")
    op.drop_index("ix_notice_pause_notice_id", "notice_pause")
    op.execute("DELETE FROM notice_pause WHERE cause = 'SUSPENSION'")
    op.drop_constraint("pk_notice_pause", "notice_pause")
    op.drop_column("notice_pause", "resume_by")
    op.drop_column("notice_pause", "reasons")
    op.drop_column("notice_pause", "cause")
    op.drop_column("notice_pause", "id")
    op.create_primary_key("pk_notice_pause", "notice_pause", ["notice_id", "objection_id"])
    op.drop_table("notice_lengthening")
    op.drop_constraint("extension", "notice", type_="check")
    for column in ("ended_at", "jurisdiction", "owner_kinds", "extensions_at_most", "extension_n"):
        op.drop_column("notice", column)
