"""Who entered and who verified an organisation, its contact, and how it gets an administrator when it has none.

Revision ID: 0105_recover_administrators
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0105_recover_administrators"
down_revision = "0104_keep_tenures_of_nodes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "organisation", sa.Column("entered_by", sa.ARRAY(sa.Uuid()), nullable=False, server_default=sa.text("'{}'"))
    )
    op.add_column("organisation", sa.Column("verified_by", sa.Uuid(), sa.ForeignKey("person.id")))
    op.add_column("organisation", sa.Column("contact_id", sa.Uuid(), sa.ForeignKey("person.id")))
    op.add_column("invitation", sa.Column("ground", sa.String(32), nullable=False, server_default="MEMBER"))
    # The name of whoever joined stands with the person, where it is corrected and erased.
    op.execute("UPDATE invitation SET name = '' WHERE closed_at IS NOT NULL AND person_id IS NULL")
    op.create_table(
        "administrator_recovery",
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("reasons", sa.String(2_000), nullable=False),
        sa.Column("evidence_sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("market_now()")),
        sa.Column("agreed_by", sa.Uuid(), sa.ForeignKey("person.id")),
        sa.Column("agreed_at", sa.DateTime(timezone=True)),
        sa.Column("objection_until", sa.DateTime(timezone=True)),
        sa.Column("objected_by", sa.Uuid(), sa.ForeignKey("person.id")),
        sa.Column("objected_at", sa.DateTime(timezone=True)),
        sa.Column("objection", sa.String(2_000)),
        sa.Column("invitation_id", sa.Uuid(), sa.ForeignKey("invitation.id"), unique=True),
        sa.Column("first_part", sa.LargeBinary()),
        sa.Column("second_part", sa.LargeBinary()),
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.CheckConstraint("agreed_by <> proposed_by", name="agreed_by_another"),
        sa.CheckConstraint(
            "(state IN ('WAITING', 'INVITED')) <= (agreed_by IS NOT NULL AND objection_until IS NOT NULL)",
            name="agreed_before_it_waits",
        ),
        sa.CheckConstraint("(state = 'OBJECTED') = (objected_by IS NOT NULL)", name="objected_by_somebody"),
        sa.CheckConstraint("(state = 'INVITED') = (invitation_id IS NOT NULL)", name="invited_by_invitation"),
    )
    op.create_index(
        "uq_administrator_recovery_open",
        "administrator_recovery",
        ["org_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('PROPOSED', 'WAITING')"),
    )
    op.create_index("ix_administrator_recovery_org_id_id", "administrator_recovery", ["org_id", "id"])
    op.execute("GRANT SELECT, INSERT, UPDATE ON administrator_recovery TO techmarket_app")


def downgrade() -> None:
    op.drop_table("administrator_recovery")
    op.drop_column("invitation", "ground")
    op.drop_column("organisation", "contact_id")
    op.drop_column("organisation", "verified_by")
    op.drop_column("organisation", "entered_by")
