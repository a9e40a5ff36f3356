"""Of which node an organisation was, and when; and which fees are still to be shared with nodes.

Revision ID: 0104_keep_tenures_of_nodes
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0104_keep_tenures_of_nodes"
down_revision = "0108_find_due_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "node_tenure",
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("node_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.CheckConstraint("until >= since", name="ends_after_it_begins"),
    )
    op.create_index(
        "uq_node_tenure_open", "node_tenure", ["org_id"], unique=True, postgresql_where=sa.text("until IS NULL")
    )
    op.create_index("ix_node_tenure_org_id_since", "node_tenure", ["org_id", "since"])
    op.execute("GRANT SELECT, INSERT, UPDATE ON node_tenure TO techmarket_app")
    # Of which node somebody was before is not kept: what stands today counts from his first day on.
    op.execute(
        "INSERT INTO node_tenure (id, org_id, node_id, since)"
        " SELECT gen_random_uuid(), id, node_id, created_at FROM organisation WHERE node_id IS NOT NULL"
    )
    op.add_column("due", sa.Column("unshared_minor", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.create_index("ix_due_unshared", "due", ["id"], postgresql_where=sa.text("unshared_minor > 0"))


def downgrade() -> None:
    op.drop_column("due", "unshared_minor")
    op.drop_table("node_tenure")
