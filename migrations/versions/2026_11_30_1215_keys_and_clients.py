"""Keys have names, successors and a time of last use; programs act in their own name with secrets and tokens.

Revision ID: 0061_keys_and_clients
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061_keys_and_clients"
down_revision = "0061_money_by_two"
branch_labels = None
depends_on = None


def of(table: str, name: str, target: str) -> sa.Column:
    return sa.Column(name, sa.Uuid, sa.ForeignKey(target, name=op.f(f"fk_{table}_{name}")), nullable=False)


def made_at() -> sa.Column:
    return sa.Column(
        "created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")
    )


def upgrade() -> None:
    op.add_column("api_key", sa.Column("name", sa.String(100)))
    op.add_column("api_key", sa.Column("replaces_id", sa.Uuid))
    op.create_foreign_key(op.f("fk_api_key_replaces_id"), "api_key", "api_key", ["replaces_id"], ["id"])
    op.create_unique_constraint(op.f("uq_api_key_replaces_id"), "api_key", ["replaces_id"])
    op.create_index(op.f("ix_api_key_org_id"), "api_key", ["org_id"])
    op.add_column("person", sa.Column("is_machine", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.create_table(
        "credential_use",
        sa.Column("credential_id", sa.Uuid, nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_credential_use")),
    )
    op.create_table(
        "machine_client",
        sa.Column("id", sa.Uuid, nullable=False),
        of("machine_client", "person_id", "person.id"),
        of("machine_client", "org_id", "organisation.id"),
        sa.Column("scopes", sa.ARRAY(sa.String(16)), nullable=False),
        sa.Column("token_seconds", sa.BigInteger, nullable=False),
        of("machine_client", "created_by", "person.id"),
        made_at(),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine_client")),
        sa.UniqueConstraint("person_id", name=op.f("uq_machine_client_person_id")),
        sa.CheckConstraint("token_seconds BETWEEN 60 AND 3600", name=op.f("ck_machine_client_token_is_short_lived")),
    )
    op.create_index(op.f("ix_machine_client_org_id"), "machine_client", ["org_id"])
    op.create_table(
        "client_secret",
        sa.Column("id", sa.Uuid, nullable=False),
        of("client_secret", "client_id", "machine_client.id"),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        made_at(),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secret")),
    )
    op.create_index(op.f("ix_client_secret_client_id"), "client_secret", ["client_id"])
    op.execute(
        "CREATE TRIGGER machine_client_changed AFTER UPDATE OR DELETE ON machine_client"
        " FOR EACH STATEMENT EXECUTE FUNCTION tell_identity_changed()"
    )


def downgrade() -> None:
    op.drop_table("client_secret")
    op.drop_table("machine_client")
    op.drop_table("credential_use")
    op.drop_column("person", "is_machine")
    op.drop_index(op.f("ix_api_key_org_id"), "api_key")
    op.drop_constraint(op.f("uq_api_key_replaces_id"), "api_key")
    op.drop_constraint(op.f("fk_api_key_replaces_id"), "api_key")
    op.drop_column("api_key", "replaces_id")
    op.drop_column("api_key", "name")
