"""Who remembers whom a key acts for is told when a key, a membership or an organisation is changed.

Revision ID: 0030_identity_changed
"""

from __future__ import annotations

from alembic import op

revision = "0035_identity_changed"
down_revision = "0034_data_rooms"
branch_labels = None
depends_on = None

TABLES = ("api_key", "membership", "organisation")


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION tell_identity_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_notify('identity_changed', ''); RETURN NULL; END $$"
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_changed AFTER UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tell_identity_changed()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_changed ON {table}")
    op.execute("DROP FUNCTION tell_identity_changed()")
