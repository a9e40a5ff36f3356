"""Alerts are numbered for each person alone; blind matching and embedders remember when they were last at work.

Revision ID: 0094_number_alerts_by_person
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0094_number_alerts_by_person"
down_revision = "0093_keep_foreign_releases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("uq_search_alert_told", "search_alert")
    op.drop_index("ix_search_alert_person_id_told", "search_alert")
    _number("PARTITION BY person_id")
    op.create_index("uq_search_alert_person_id_told", "search_alert", ["person_id", "told"], unique=True)
    op.add_column("blind_consent", sa.Column("text_hash", sa.LargeBinary))
    op.add_column("blind_consent", sa.Column("compared_at", sa.DateTime(timezone=True)))
    used_at = sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"))
    used_at.nullable = False
    op.add_column("vector_model", used_at)


def downgrade() -> None:
    op.drop_column("vector_model", "used_at")
    op.drop_column("blind_consent", "compared_at")
    op.drop_column("blind_consent", "text_hash")
    op.drop_index("uq_search_alert_person_id_told", "search_alert")
    _number("")
    op.create_index("ix_search_alert_person_id_told", "search_alert", ["person_id", "told"])
    op.create_index("uq_search_alert_told", "search_alert", ["told"], unique=True)


def _number(within: str) -> None:
    op.execute(
        f"UPDATE search_alert s SET told = n.n FROM (SELECT id, row_number() OVER ({within} ORDER BY told, id) AS n"
        " FROM search_alert WHERE told IS NOT NULL) n WHERE n.id = s.id"
    )
