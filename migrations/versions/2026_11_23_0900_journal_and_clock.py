"""Journal, sequencer, market clock, idempotency keys, texts, files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001_db"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "market_clock",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("sandbox", sa.Boolean, nullable=False),
        sa.Column("ahead", sa.Interval, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.CheckConstraint("sandbox OR ahead = interval '0'", name="offset_only_in_a_sandbox"),
    )
    op.execute("INSERT INTO market_clock VALUES (1, false, interval '0')")
    op.execute(
        "CREATE FUNCTION market_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL UNSAFE AS"
        " $$ SELECT clock_timestamp() + ahead FROM market_clock WHERE id = 1 $$"
    )
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = '42501';"
        " END $$"
    )
    op.create_table(
        "journal_entry",
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("id", sa.Uuid, nullable=False, unique=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.Column("actor", sa.Uuid),
        sa.Column("org", sa.Uuid),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("refs", JSONB, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
    )
    op.create_table("journal_waiting", sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False))
    op.execute(
        "CREATE FUNCTION journal_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO journal_waiting (seq) SELECT seq FROM added; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER journal_wait AFTER INSERT ON journal_entry REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION journal_wait()"
    )
    op.create_table(
        "journal_position",
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, sa.ForeignKey("journal_entry.seq"), nullable=False, unique=True),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "journal_log",
        sa.Column("log_id", sa.Uuid, primary_key=True),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            unique=True,
        ),
    )
    op.execute("INSERT INTO journal_log (log_id) VALUES (gen_random_uuid())")
    op.create_table(
        "journal_reader",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "text",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("sha256 = encode(sha256(body), 'hex')", name="hash_is_of_body"),
        sa.CheckConstraint("octet_length(body) <= 1048576", name="size"),
    )
    op.create_table(
        "file",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.CheckConstraint("size > 0", name="not_empty"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("principal", sa.String(100), primary_key=True),
        sa.Column("key_hash", sa.LargeBinary, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.BigInteger),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
    )
    op.create_index("ix_idempotency_key_at", "idempotency_key", ["at"])
    for table in ("journal_entry", "journal_position", "journal_log", "text"):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in (
        "idempotency_key", "file", "text", "journal_reader", "journal_log", "journal_position", "journal_waiting",
        "journal_entry",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("DROP FUNCTION journal_wait()")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP FUNCTION market_now()")
    op.drop_table("market_clock")
