"""What people were told, how they want to be told, and mail on its way.

Revision ID: 0099_keep_notifications
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0099_keep_notifications"
down_revision = "0098_agree_beforehand"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("attempts", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("error", sa.String(64)),
    )
    op.create_index("ix_mail_due", "mail", ["next_at"], postgresql_where=sa.text("state = 'PENDING'"))
    op.create_index("ix_mail_person_id_id", "mail", ["person_id", "id"])
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("once", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("work", sa.String(64)),
        sa.Column("object", sa.String(100)),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("due", MOMENT),
        sa.Column("told_at", MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("archived_at", MOMENT),
        sa.Column("mail", sa.String(32)),
        sa.Column("mail_due_at", MOMENT),
        sa.Column("mail_id", sa.Uuid, sa.ForeignKey("mail.id", ondelete="SET NULL")),
        sa.UniqueConstraint("person_id", "org_id", "once"),
    )
    op.create_index("ix_notification_person_id_org_id_id", "notification", ["person_id", "org_id", "id"])
    op.create_index(
        "ix_notification_mail",
        "notification",
        ["mail_due_at"],
        postgresql_where=sa.text("mail_id IS NULL AND mail IS NOT NULL"),
    )
    op.create_index("ix_notification_old", "notification", ["told_at"], postgresql_where=sa.text("read_at IS NOT NULL"))
    op.create_table(
        "notification_preference",
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("kind", sa.String(64), primary_key=True),
        sa.Column("delivery", sa.String(32), nullable=False),
    )
    op.create_table(
        "mail_address",
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("code_hash", sa.LargeBinary),
        sa.Column("code_until", MOMENT),
        sa.Column("code_tries", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("refused_at", MOMENT),
        sa.Column("changed_at", MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False),
    )
    op.create_table(
        "reminder",
        sa.Column("once", sa.String(200), primary_key=True),
        sa.Column("at", MOMENT, server_default=sa.text("market_now()"), nullable=False),
    )
    op.create_table(
        "alert_cursor",
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    # People are told from here on: nobody finds a year of news on his first day with an inbox.
    op.execute(
        "INSERT INTO journal_reader (name, position)"
        " SELECT 'workbench.tell', coalesce(max(n) + 1, 0) FROM journal_position ON CONFLICT DO NOTHING"
    )
    op.execute(
        "INSERT INTO alert_cursor (person_id, position)"
        " SELECT person_id, max(told) FROM search_alert WHERE told IS NOT NULL GROUP BY person_id"
    )


def downgrade() -> None:
    op.execute("DELETE FROM journal_reader WHERE name = 'workbench.tell'")
    for table in ("alert_cursor", "reminder", "mail_address", "notification_preference", "notification", "mail"):
        op.drop_table(table)
