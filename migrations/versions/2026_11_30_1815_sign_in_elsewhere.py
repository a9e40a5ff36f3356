"""People sign in by accounts of other houses that they linked to themselves.

Revision ID: 0094_sign_in_elsewhere
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0094_sign_in_elsewhere"
down_revision = "0094_number_alerts_by_person"
branch_labels = None
depends_on = None


def of(table: str, name: str, target: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.Uuid, sa.ForeignKey(target, name=op.f(f"fk_{table}_{name}")), nullable=nullable)


def at(name: str, *, nullable: bool = True, now: bool = False) -> sa.Column:
    default = sa.text("clock_timestamp()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def upgrade() -> None:
    op.create_table(
        "outside_identity",
        sa.Column("id", sa.Uuid, nullable=False),
        of("outside_identity", "person_id", "person.id", nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("subject_hash", sa.LargeBinary, nullable=False),
        at("linked_at", nullable=False, now=True),
        at("ended_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_identity")),
    )
    in_force = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_outside_identity_subject", "outside_identity", ["subject_hash"], unique=True, postgresql_where=in_force
    )
    op.create_index(
        "uq_outside_identity_issuer",
        "outside_identity",
        ["person_id", "issuer"],
        unique=True,
        postgresql_where=in_force,
    )
    op.add_column("session", of("session", "identity_id", "outside_identity.id"))
    op.create_index(op.f("ix_session_identity_id"), "session", ["identity_id"])
    op.create_table(
        "outside_sign_in",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("state_hash", sa.LargeBinary, nullable=False),
        sa.Column("browser_hash", sa.LargeBinary, nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        of("outside_sign_in", "person_id", "person.id"),
        of("outside_sign_in", "session_id", "session.id"),
        of("outside_sign_in", "identity_id", "outside_identity.id"),
        of("outside_sign_in", "org_id", "organisation.id"),
        sa.Column("replaced_hash", sa.LargeBinary),
        sa.Column("return_to", sa.String(200), nullable=False),
        at("expires_at", nullable=False),
        at("returned_at"),
        at("proven_at"),
        at("ended_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_sign_in")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_outside_sign_in_state_hash")),
    )
    op.create_index(op.f("ix_outside_sign_in_browser_hash"), "outside_sign_in", ["browser_hash"])
    op.create_index(op.f("ix_outside_sign_in_expires_at"), "outside_sign_in", ["expires_at"])


def downgrade() -> None:
    op.drop_table("outside_sign_in")
    op.drop_index(op.f("ix_session_identity_id"), "session")
    op.drop_column("session", "identity_id")
    op.drop_table("outside_identity")
