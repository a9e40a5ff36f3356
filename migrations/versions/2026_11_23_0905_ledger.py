"""Accounts, holds, transfers: balances kept by the database from what is inserted, and by nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_ledger"
down_revision = "0004_rulebook"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("book", sa.String(48), nullable=False),
        sa.Column("owner", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(80)),
        sa.Column("currency", sa.String(3), server_default="CNY", nullable=False),
        sa.Column("balance_minor", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("pending_minor", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.UniqueConstraint(
            "book", "owner", "purpose", "subject", name="uq_account_name", postgresql_nulls_not_distinct=True
        ),
        sa.UniqueConstraint("id", "book", name="uq_account_id_book"),
        sa.CheckConstraint("currency = 'CNY'", name="one_currency"),
        sa.CheckConstraint("pending_minor >= 0", name="pending_not_negative"),
        sa.CheckConstraint(
            "purpose NOT IN ('ESCROW', 'DEPOSITS', 'SUSPENSE') OR balance_minor - pending_minor >= 0",
            name="guarded_not_below_nought",
        ),
    )
    op.create_index("ix_account_owner", "account", ["owner"])
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("book", sa.String(48), nullable=False),
        sa.Column("source_account", sa.Uuid, nullable=False),
        sa.Column("target_account", sa.Uuid, nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("why", sa.String(80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.ForeignKeyConstraint(["source_account", "book"], ["account.id", "account.book"], name="fk_hold_source"),
        sa.ForeignKeyConstraint(["target_account", "book"], ["account.id", "account.book"], name="fk_hold_target"),
        sa.CheckConstraint("minor > 0", name="above_nought"),
        sa.CheckConstraint("source_account <> target_account", name="two_accounts"),
    )
    op.create_index("ix_hold_source_account", "hold", ["source_account"])
    op.create_table(
        "transfer",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True),
        sa.Column("book", sa.String(48), nullable=False),
        sa.Column("debit_account", sa.Uuid, nullable=False),
        sa.Column("credit_account", sa.Uuid, nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("why", sa.String(80), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("hold.id"), unique=True),
        sa.Column("reverses", sa.Uuid, sa.ForeignKey("transfer.id"), unique=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("market_now()"), nullable=False),
        sa.ForeignKeyConstraint(["debit_account", "book"], ["account.id", "account.book"], name="fk_transfer_debit"),
        sa.ForeignKeyConstraint(["credit_account", "book"], ["account.id", "account.book"], name="fk_transfer_credit"),
        sa.CheckConstraint("minor > 0", name="above_nought"),
        sa.CheckConstraint("debit_account <> credit_account", name="two_accounts"),
    )
    op.create_index("ix_transfer_debit_account_seq", "transfer", ["debit_account", "seq"])
    op.create_index("ix_transfer_credit_account_seq", "transfer", ["credit_account", "seq"])
    op.create_index("ix_transfer_why", "transfer", ["why"])

    # The balance moves with the row that moves it, in one statement, whoever inserts it.
    op.execute(
        "CREATE FUNCTION transfer_moves() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " UPDATE account a SET balance_minor = a.balance_minor + moved.minor FROM ("
        "   SELECT id, sum(minor) AS minor FROM ("
        "     SELECT credit_account AS id, minor FROM added UNION ALL SELECT debit_account, -minor FROM added) AS legs"
        "   GROUP BY id) AS moved WHERE a.id = moved.id;"
        " RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER transfer_moves AFTER INSERT ON transfer REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION transfer_moves()"
    )
    op.execute(
        "CREATE FUNCTION hold_sets_aside() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'INSERT' THEN"
        "   IF NEW.state <> 'PENDING' THEN RAISE EXCEPTION 'a hold begins pending' USING ERRCODE = '42501'; END IF;"
        "   UPDATE account SET pending_minor = pending_minor + NEW.minor WHERE id = NEW.source_account;"
        " ELSE"
        "   IF OLD.state <> 'PENDING' OR NEW.state = 'PENDING'"
        "     OR to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state' THEN"
        "     RAISE EXCEPTION 'a hold only ends, once' USING ERRCODE = '42501';"
        "   END IF;"
        "   UPDATE account SET pending_minor = pending_minor - OLD.minor WHERE id = OLD.source_account;"
        " END IF; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER hold_sets_aside AFTER INSERT OR UPDATE ON hold FOR EACH ROW EXECUTE FUNCTION hold_sets_aside()"
    )
    op.execute(
        "CREATE FUNCTION account_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'INSERT' THEN"
        "   IF NEW.balance_minor <> 0 OR NEW.pending_minor <> 0 THEN"
        "     RAISE EXCEPTION 'an account begins with nothing' USING ERRCODE = '42501';"
        "   END IF;"
        " ELSIF pg_trigger_depth() < 2 OR (NEW.id, NEW.book, NEW.owner, NEW.purpose, NEW.subject, NEW.currency)"
        "   IS DISTINCT FROM (OLD.id, OLD.book, OLD.owner, OLD.purpose, OLD.subject, OLD.currency) THEN"
        "   RAISE EXCEPTION 'an account is moved by its transfers and holds only' USING ERRCODE = '42501';"
        " END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER account_is_kept BEFORE INSERT OR UPDATE ON account"
        " FOR EACH ROW EXECUTE FUNCTION account_is_kept()"
    )
    op.execute(
        "CREATE TRIGGER transfer_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    for table in ("account", "hold"):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in ("transfer", "hold", "account"):
        op.drop_table(table)
    for function in ("transfer_moves", "hold_sets_aside", "account_is_kept"):
        op.execute(f"DROP FUNCTION {function}()")
