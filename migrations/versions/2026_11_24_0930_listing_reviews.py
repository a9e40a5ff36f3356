"""Reviews with reasons, publication held back by its owner, and scenario lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023_listing_reviews"
down_revision = "0022_bid_line"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("listing", sa.Column("submitted_at", sa.DateTime(timezone=True)))
    op.add_column("listing", sa.Column("accepted_n", sa.BigInteger))
    op.add_column("listing", sa.Column("is_held", sa.Boolean, server_default=sa.text("false"), nullable=False))
    op.add_column("listing", sa.Column("publish_at", sa.DateTime(timezone=True)))
    # What waits already has waited since it was made; what was public was accepted as it stands.
    op.execute("UPDATE listing SET submitted_at = created_at WHERE state = 'SUBMITTED'")
    op.execute("UPDATE listing SET accepted_n = current_n WHERE published_at IS NOT NULL AND state <> 'SUBMITTED'")
    op.create_check_constraint(op.f("ck_listing_hour_of_held"), "listing", "publish_at IS NULL OR is_held")
    op.create_index(
        "ix_listing_waiting", "listing", ["submitted_at", "id"], postgresql_where=sa.text("state = 'SUBMITTED'")
    )
    op.create_index("ix_listing_publish_at", "listing", ["publish_at"], postgresql_where=sa.text("state = 'ACCEPTED'"))
    op.create_table(
        "listing_review",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
    )
    op.create_index("ix_listing_review_listing_id_id", "listing_review", ["listing_id", "id"])
    op.execute(
        "CREATE TRIGGER listing_review_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON listing_review"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.create_table(
        "scenario_list",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("title_zh", sa.String(200)),
        sa.Column("title_en", sa.String(200)),
        sa.Column("description_zh", sa.Text),
        sa.Column("description_en", sa.Text),
        sa.Column("region", sa.String(6)),
        sa.Column("open_until", sa.Date),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.CheckConstraint("title_zh IS NOT NULL OR title_en IS NOT NULL", name="has_a_title"),
    )
    op.create_index("ix_scenario_list_org_id_id", "scenario_list", ["org_id", "id"])
    op.create_table(
        "scenario_list_item",
        sa.Column("list_id", sa.Uuid, sa.ForeignKey("scenario_list.id"), primary_key=True),
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("position", sa.SmallInteger, nullable=False),
    )
    op.create_index("ix_scenario_list_item_listing_id", "scenario_list_item", ["listing_id"])


def downgrade() -> None:
    for table in ("scenario_list_item", "scenario_list", "listing_review"):
        op.drop_table(table)
    # Yesterday's version knows no accepted listing that is not public: it waits for review again.
    op.execute("UPDATE listing SET state = 'SUBMITTED' WHERE state = 'ACCEPTED'")
    for name in ("ix_listing_publish_at", "ix_listing_waiting"):
        op.drop_index(name, "listing")
    op.drop_constraint(op.f("ck_listing_hour_of_held"), "listing")
    for column in ("publish_at", "is_held", "accepted_n", "submitted_at"):
        op.drop_column("listing", column)
