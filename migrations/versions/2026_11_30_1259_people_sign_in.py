"""People sign in: logins, second factors, sessions, tries, invitations.

Revision ID: 0065_people_sign_in
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0065_people_sign_in"
down_revision = "0064_attestations"
branch_labels = None
depends_on = None


def of(table: str, name: str, target: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid, sa.ForeignKey(target, name=op.f(f"fk_{table}_{name}")), nullable=nullable)


def at(name: str, *, nullable: bool = True, now: bool = False) -> sa.Column:
    default = sa.text("clock_timestamp()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def upgrade() -> None:
    op.add_column("organisation", sa.Column("second_factor_seconds", sa.BigInteger))
    op.create_table(
        "person_login",
        of("person_login", "person_id", "person.id"),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("password_phc", sa.String(200), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary),
        at("totp_confirmed_at"),
        sa.Column("totp_waiting", sa.LargeBinary),
        sa.Column("totp_step", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        at("changed_at", nullable=False, now=True),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_login")),
        sa.UniqueConstraint("name", name=op.f("uq_person_login_name")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid, nullable=False),
        of("recovery_code", "person_id", "person.id"),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        at("used_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("person_id", "code_hash", name=op.f("uq_recovery_code_person_id_code_hash")),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        of("session", "person_id", "person.id"),
        of("session", "org_id", "organisation.id"),
        at("started_at", nullable=False, now=True),
        at("ends_at", nullable=False),
        sa.Column("idle_seconds", sa.BigInteger, nullable=False),
        at("second_factor_at"),
        at("ended_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_token_hash")),
    )
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"])
    op.create_table(
        "sign_in_tries",
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("failures", sa.BigInteger, nullable=False),
        at("tried_at", nullable=False),
        at("good_at"),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_sign_in_tries")),
    )
    op.create_index(op.f("ix_sign_in_tries_tried_at"), "sign_in_tries", ["tried_at"])
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid, nullable=False),
        of("invitation", "org_id", "organisation.id"),
        of("invitation", "person_id", "person.id", nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        of("invitation", "invited_by", "person.id"),
        at("created_at", nullable=False, now=True),
        at("expires_at", nullable=False),
        at("closed_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    op.create_index(op.f("ix_invitation_org_id"), "invitation", ["org_id"])
    op.execute(
        "CREATE TRIGGER session_changed AFTER UPDATE OR DELETE ON session"
        " FOR EACH STATEMENT EXECUTE FUNCTION tell_identity_changed()"
    )


def downgrade() -> None:
    for table in ("invitation", "sign_in_tries", "session", "recovery_code", "person_login"):
        op.drop_table(table)
    op.drop_column("organisation", "second_factor_seconds")
