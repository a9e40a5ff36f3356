"""What people say of matches and of themselves, saved searches with their alerts, and blind matching.

Revision ID: 0080_people_and_alerts
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0080_people_and_alerts"
down_revision = "0066_rate_allowances"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NOW = sa.text("market_now()")
TABLES = (
    "blind_match",
    "blind_consent",
    "search_alert",
    "saved_search",
    "match_profile",
    "match_model",
    "match_feedback",
    "match_answer",
)


def upgrade() -> None:
    _answers()
    _people_and_searches()
    _blind()


def _answers() -> None:
    op.create_table(
        "match_answer",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("shown", JSONB, nullable=False),
        sa.Column("at", TIME, nullable=False, server_default=NOW),
    )
    op.create_index("ix_match_answer_listing_id_org_id_at", "match_answer", ["listing_id", "org_id", "at"])
    op.create_index("ix_match_answer_at", "match_answer", ["at"])
    op.create_table(
        "match_feedback",
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("other_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(16)),
        sa.Column("note", sa.String(500)),
        sa.Column("answer_id", sa.String(32), sa.ForeignKey("match_answer.id"), nullable=False),
        sa.Column("features", JSONB, nullable=False),
        sa.Column("blend", sa.String(32), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("ix_match_feedback_answer_id", "match_feedback", ["answer_id"])
    op.create_table(
        "match_model",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("trained_at", TIME, nullable=False),
        sa.Column("newest_at", TIME, nullable=False),
        sa.Column("feedback_count", sa.Integer, nullable=False),
        sa.Column("held_out", sa.Integer, nullable=False),
        sa.Column("blend_ndcg", sa.String(32), nullable=False),
        sa.Column("reranked_ndcg", sa.String(32), nullable=False),
        sa.Column("gain_least", sa.String(32), nullable=False),
        sa.Column("model", JSONB),
        sa.Column("is_active", sa.Boolean, nullable=False),
    )
    op.create_index(
        "uq_match_model_active", "match_model", ["is_active"], unique=True, postgresql_where=sa.text("is_active")
    )


def _people_and_searches() -> None:
    op.create_table(
        "match_profile",
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("is_listed", sa.Boolean, nullable=False),
        sa.Column("statement_zh", sa.String(2000)),
        sa.Column("statement_en", sa.String(2000)),
        sa.Column("keywords", sa.ARRAY(sa.String(40)), nullable=False),
        sa.Column("region", sa.String(6)),
        sa.Column("changed_at", TIME, nullable=False),
    )
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("query", sa.String(500)),
        sa.Column("filters", JSONB, nullable=False),
        sa.Column("delivery", sa.String(16), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIME, nullable=False, server_default=NOW),
        sa.Column("ended_at", TIME),
    )
    op.create_index("ix_saved_search_org_id_id", "saved_search", ["org_id", "id"])
    op.create_index("ix_saved_search_running", "saved_search", ["id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "search_alert",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("search_id", sa.Uuid, sa.ForeignKey("saved_search.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), nullable=False),
        sa.Column("found_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("told", sa.BigInteger),
    )
    op.create_unique_constraint("uq_search_alert_search_id_listing_id", "search_alert", ["search_id", "listing_id"])
    op.create_index(
        "ix_search_alert_waiting", "search_alert", ["due_at", "id"], postgresql_where=sa.text("told IS NULL")
    )
    op.create_index("uq_search_alert_told", "search_alert", ["told"], unique=True)
    op.create_index("ix_search_alert_person_id_told", "search_alert", ["person_id", "told"])


def _blind() -> None:
    op.create_table(
        "blind_consent",
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("at", TIME, nullable=False, server_default=NOW),
    )
    op.create_table(
        "blind_match",
        sa.Column("offer_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("demand_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("found_at", TIME, nullable=False, server_default=NOW),
    )
    op.create_index("ix_blind_match_demand_id", "blind_match", ["demand_id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
