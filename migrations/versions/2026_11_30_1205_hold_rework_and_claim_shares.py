"""Holds on one share, lines written anew, and rewards owed back.

Revision ID: 0060_holds_and_claims
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060_holds_and_claims"
down_revision = "0054_consortia"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
LINE = "distribution_line"


def upgrade() -> None:
    op.create_table(
        "share_hold",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("share_table_id", sa.Uuid, sa.ForeignKey("share_table.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("grounds", sa.String(2000), nullable=False),
        sa.Column("evidence_sha256", sa.String(64)),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("opened_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("answer_by", TIME),
        sa.Column("confirmed_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("confirmed_at", TIME),
        sa.Column("release", sa.String(32)),
        sa.Column("release_evidence_sha256", sa.String(64)),
        sa.Column("heirs_sha256", sa.String(64), sa.ForeignKey("text.sha256")),
        sa.Column("release_proposed_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("released_by", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("released_at", TIME),
        sa.CheckConstraint("(state = 'RELEASED') <= (release IS NOT NULL)", name="released_in_a_way"),
        sa.CheckConstraint("(release = 'HEIRS') = (heirs_sha256 IS NOT NULL)", name="heirs_are_named"),
        sa.CheckConstraint("confirmed_by <> opened_by OR reason = 'DISPUTES'", name="confirmed_by_another"),
        sa.CheckConstraint("released_by <> release_proposed_by", name="released_by_another"),
    )
    op.create_index("ix_share_hold_person_id", "share_hold", ["person_id"])
    op.create_index("ix_share_hold_share_table_id_id", "share_hold", ["share_table_id", "id"])
    op.create_index(
        "uq_share_hold_live",
        "share_hold",
        ["share_table_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('PROPOSED', 'HOLDING', 'RELEASING')"),
    )
    op.create_table(
        "line_rework",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("distribution_id", sa.Uuid, sa.ForeignKey("distribution.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("text.sha256"), nullable=False),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id"), nullable=False, unique=True),
        sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), unique=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("drafted_by", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("(state = 'PUBLISHED') <= (notice_id IS NOT NULL)", name="published_by_a_notice"),
    )
    op.create_index(
        "uq_line_rework_live",
        "line_rework",
        ["distribution_id", "n"],
        unique=True,
        postgresql_where=sa.text("state <> 'WITHDRAWN'"),
    )
    op.add_column(LINE, sa.Column("offset_minor", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column(LINE, sa.Column("hold_id", sa.Uuid, sa.ForeignKey("share_hold.id")))
    op.add_column(LINE, sa.Column("rework_id", sa.Uuid, sa.ForeignKey("line_rework.id")))
    op.create_index("ix_distribution_line_rework_id", LINE, ["rework_id"])
    op.drop_constraint("instructed_by_a_payout", LINE, type_="check")
    op.create_check_constraint("offset_within", LINE, "offset_minor BETWEEN 0 AND minor")
    op.create_check_constraint("not_paid_while_open", LINE, "state NOT IN ('OPEN', 'HELD') OR payout_id IS NULL")
    op.create_check_constraint(
        "instructed_by_a_payout",
        LINE,
        "state NOT IN ('INSTRUCTED', 'PAID') OR payout_id IS NOT NULL OR offset_minor = minor",
    )
    op.add_column("distribution", sa.Column("fund_due_id", sa.Uuid, sa.ForeignKey("due.id"), unique=True))
    op.create_table(
        "reward_claim",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("unit_id", sa.Uuid, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("group", sa.String(32), nullable=False),
        sa.Column("distribution_line_id", sa.Uuid, sa.ForeignKey("distribution_line.id"), nullable=False, unique=True),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("settled_minor", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("minor > 0 AND settled_minor BETWEEN 0 AND minor", name="settled_within"),
        sa.CheckConstraint("(state = 'SETTLED') = (settled_minor = minor)", name="settled_in_full"),
    )
    op.create_index("ix_reward_claim_person_id", "reward_claim", ["person_id"])
    op.create_index(
        "ix_reward_claim_open", "reward_claim", ["unit_id", "person_id"], postgresql_where=sa.text("state = 'OPEN'")
    )
    op.create_table(
        "reward_claim_entry",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("reward_claim_id", sa.Uuid, sa.ForeignKey("reward_claim.id"), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("distribution_line_id", sa.Uuid, sa.ForeignKey("distribution_line.id")),
        sa.Column("evidence_sha256", sa.String(64)),
        sa.Column("transfer_id", sa.Uuid, sa.ForeignKey("transfer.id"), nullable=False),
        sa.Column("undone_at", TIME),
        sa.Column("by_person_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("minor > 0", name="amount_positive"),
        sa.CheckConstraint("(distribution_line_id IS NULL) <> (evidence_sha256 IS NULL)", name="line_or_evidence"),
    )
    op.create_index("ix_reward_claim_entry_distribution_line_id", "reward_claim_entry", ["distribution_line_id"])
    op.create_index("ix_reward_claim_entry_reward_claim_id_id", "reward_claim_entry", ["reward_claim_id", "id"])


def downgrade() -> None:
    op.drop_table("reward_claim_entry")
    op.drop_table("reward_claim")
    op.drop_column("distribution", "fund_due_id")
    for name in ("offset_within", "not_paid_while_open", "instructed_by_a_payout"):
        op.drop_constraint(name, LINE, type_="check")
    # A line that was used up by what its person owed back, or reclaimed, had a payout or never will: it goes as it was.
    op.execute("UPDATE distribution_line SET state = 'CANCELLED' WHERE state = 'RECLAIMED'")
    op.execute("UPDATE distribution_line SET state = 'CANCELLED' WHERE state = 'PAID' AND payout_id IS NULL")
    op.execute("UPDATE distribution_line SET payout_id = NULL WHERE state NOT IN ('INSTRUCTED', 'PAID')")
    op.create_check_constraint(
        "instructed_by_a_payout", LINE, "(state IN ('INSTRUCTED', 'PAID')) = (payout_id IS NOT NULL)"
    )
    op.drop_index("ix_distribution_line_rework_id", LINE)
    for column in ("offset_minor", "hold_id", "rework_id"):
        op.drop_column(LINE, column)
    op.drop_table("line_rework")
    op.drop_table("share_hold")
