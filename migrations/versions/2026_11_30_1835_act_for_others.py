"""People act for others: deputies of colleagues, elevations of the market's operators.

Revision ID: 0096_act_for_others
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0096_act_for_others"
down_revision = "0095_remember_standing"
branch_labels = None
depends_on = None


def of(table: str, name: str, target: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid, sa.ForeignKey(target, name=op.f(f"fk_{table}_{name}")), nullable=nullable)


def at(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column:
    default = sa.text("clock_timestamp()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def upgrade() -> None:
    op.create_table(
        "deputyship",
        sa.Column("id", sa.Uuid, nullable=False),
        of("deputyship", "org_id", "organisation.id"),
        of("deputyship", "principal_id", "person.id"),
        of("deputyship", "deputy_id", "person.id"),
        sa.Column("roles", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String(16)), nullable=False),
        at("begins_at"),
        at("ends_at"),
        of("deputyship", "appointed_by", "person.id"),
        at("created_at", now=True),
        at("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputyship")),
        sa.CheckConstraint("deputy_id <> principal_id", name=op.f("ck_deputyship_nobody_is_his_own_deputy")),
        sa.CheckConstraint("begins_at < ends_at", name=op.f("ck_deputyship_ends_after_it_begins")),
    )
    for name in ("org_id", "principal_id", "deputy_id"):
        op.create_index(op.f(f"ix_deputyship_{name}"), "deputyship", [name])
    op.create_table(
        "elevation",
        sa.Column("id", sa.Uuid, nullable=False),
        of("elevation", "person_id", "person.id"),
        of("elevation", "org_id", "organisation.id"),
        of("elevation", "session_id", "session.id"),
        sa.Column("reasons", sa.String(2_000), nullable=False),
        at("taken_at"),
        at("ends_at"),
        at("ended_at", nullable=True),
        of("elevation", "reviewed_by", "person.id", nullable=True),
        at("reviewed_at", nullable=True),
        sa.Column("was_justified", sa.Boolean),
        sa.Column("finding", sa.String(2_000)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elevation")),
        sa.CheckConstraint("ends_at <= taken_at + interval '1 hour'", name=op.f("ck_elevation_lasts_an_hour_at_most")),
        sa.CheckConstraint("reviewed_by <> person_id", name=op.f("ck_elevation_reviewed_by_another")),
        sa.CheckConstraint(
            "(reviewed_by IS NULL) = (reviewed_at IS NULL) AND (reviewed_by IS NULL) = (was_justified IS NULL)",
            name=op.f("ck_elevation_reviewed_whole"),
        ),
    )
    op.create_index(op.f("ix_elevation_org_id"), "elevation", ["org_id"])
    op.create_index(
        "uq_elevation_unreviewed",
        "elevation",
        ["person_id", "org_id"],
        unique=True,
        postgresql_where=sa.text("reviewed_at IS NULL"),
    )
    op.add_column("invitation", of("invitation", "elevation_id", "elevation.id", nullable=True))


def downgrade() -> None:
    op.drop_column("invitation", "elevation_id")
    op.drop_table("elevation")
    op.drop_table("deputyship")
