"""What is done to an announced procedure: extended, suspended, resumed, terminated; and its end as last counted.

Revision ID: 0036_trade_acts
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036_trade_acts"
down_revision = "0035_identity_changed"
branch_labels = None
depends_on = None

TIMES = ("announcement_ends_at", "extension_look_at", "suspended_at", "resume_by")


def upgrade() -> None:
    for name in TIMES:
        op.add_column("trade", sa.Column(name, sa.DateTime(timezone=True)))
    # A running announcement was last counted when its notice was told when to look; one that stands still is counted
    # anew when it runs on, and its opening is no earlier than its end in any case.
    op.execute(
        "UPDATE trade SET announcement_ends_at = notice.look_at FROM notice"
        " WHERE notice.id = trade.notice_id AND trade.state = 'ANNOUNCED'"
    )
    op.create_index(
        "ix_trade_extension_look_at",
        "trade",
        ["extension_look_at"],
        postgresql_where=sa.text("extension_look_at IS NOT NULL"),
    )
    op.create_index("ix_trade_resume_by", "trade", ["resume_by"], postgresql_where=sa.text("resume_by IS NOT NULL"))
    op.create_table(
        "trade_act",
        sa.Column("trade_id", sa.Uuid, sa.ForeignKey("trade.id"), primary_key=True),
        sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("cause", sa.String(32)),
        sa.Column("reasons", sa.Text),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announcement_ends_at", sa.DateTime(timezone=True)),
        sa.Column("bidding_opens_at", sa.DateTime(timezone=True)),
    )
    op.execute(
        "CREATE TRIGGER trade_act_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trade_act"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("trade_act")
    op.drop_index("ix_trade_resume_by", "trade")
    op.drop_index("ix_trade_extension_look_at", "trade")
    for name in TIMES:
        op.drop_column("trade", name)
