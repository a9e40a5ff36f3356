"""What the database itself forbids: the market works as a role that owns nothing and changes nothing that stands."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.cli import state
from techmarket.cli.doctor import of_the_database
from techmarket.db import roles
from techmarket.db.roles import APP_ROLE, KINDS, Kind
from techmarket.db.server_check import UnsuitableServerError
from techmarket.db.session import Tx, make_engine
from techmarket.settings import Settings

FOR_GOOD = sorted(table for table, kind in KINDS.items() if kind is Kind.FOR_GOOD)
THROWAWAY = [
    "the server's fsync is off, not on",
    "the server's full_page_writes is off, not on",
    "the server's synchronous_commit is off: what it acknowledges may be lost",
]
"""What the server of the tests lacks, and a market's must not."""

FORBIDDEN = [
    *(
        f"UPDATE {table} SET {column} = {column}"
        for table, column in (
            ("journal_entry", "kind"),
            ("journal_position", "leaf_hash"),
            ("journal_log", "opened_at"),
            ("text", "body"),
            ("tree_node", "hash"),
            ("checkpoint", "root"),
            ("cosignature", "line"),
            ("transfer", "minor"),
            ("bid", "minor"),
            ("signature", "at"),
            ("listing_version", "sha256"),
            ("opened_envelope", "minor"),
            ("document_read", "at"),
            ("score_sheet", "given_at"),
            ("trade_act", "at"),
        )
    ),
    *(
        f"DELETE FROM {table}"
        for table in (
            *(
                "journal_entry",
                "journal_position",
                "journal_log",
                "checkpoint",
                "tree_node",
                "transfer",
                "account",
                "hold",
            ),
            *(
                "bid",
                "signature",
                "certificate",
                "contract",
                "award",
                "due",
                "payout",
                "api_key",
                "organisation",
                "rule",
            ),
            *("share_table", "distribution_line", "market_clock", "alembic_version"),
        )
    ),
    *(f"TRUNCATE {table} CASCADE" for table in ("journal_entry", "transfer", "lot", "session", "search_document")),
    "UPDATE market_clock SET sandbox = true",
    "INSERT INTO market_clock (id, sandbox, ahead) VALUES (2, true, interval '1 day')",
    "INSERT INTO journal_log (log_id) VALUES (gen_random_uuid())",
    "UPDATE alembic_version SET version_num = 'x'",
    "ALTER TABLE journal_entry DISABLE TRIGGER ALL",
    "ALTER TABLE transfer DISABLE TRIGGER transfer_stays",
    "DROP TRIGGER bid_stays ON bid",
    "CREATE TRIGGER mine BEFORE INSERT ON bid FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "SET session_replication_role = replica",
    "ALTER TABLE lot ADD COLUMN extra text",
    "ALTER TABLE due DROP CONSTRAINT pk_due CASCADE",
    "ALTER TABLE bid OWNER TO techmarket_app",
    "CREATE TABLE mine (n integer)",
    "CREATE TEMPORARY TABLE lot (n integer)",
    "CREATE SCHEMA mine",
    "CREATE INDEX mine ON bid (at)",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION market_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "DROP TABLE lot CASCADE",
    "DROP FUNCTION market_now() CASCADE",
    "CREATE EXTENSION pgrowlocks",
    "ALTER DEFAULT PRIVILEGES FOR ROLE techmarket GRANT ALL ON TABLES TO techmarket_app",
    "GRANT techmarket TO techmarket_app",
    "SET ROLE techmarket",
    "SET SESSION AUTHORIZATION techmarket",
    "CREATE ROLE mine SUPERUSER",
    "ALTER ROLE techmarket_app SUPERUSER",
    "ALTER ROLE techmarket PASSWORD 'mine'",
    "ALTER SYSTEM SET fsync = off",
    "SELECT pg_reload_conf()",
    "CREATE DATABASE mine",
    "COPY lot TO PROGRAM 'cat'",
    "COPY lot TO '/tmp/lots'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT lo_import('/etc/hostname')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_physical_replication_slot('mine')",
    "CREATE PUBLICATION mine FOR ALL TABLES",
]


@pytest.fixture
async def app(app_url: str) -> AsyncIterator[Tx]:
    opened = Tx(make_engine(app_url, pool_size=2, application="test"))
    yield opened
    await opened.dispose()


async def settled(tx: Tx) -> list[str]:
    async with tx.begin() as db:
        return await roles.settle(db)


async def test_of_all_that_is_forbidden_nothing_succeeds_as_the_application(tx: Tx, app_url: str) -> None:
    await settled(tx)
    connection = await asyncpg.connect(app_url.replace("+asyncpg", ""))
    try:
        succeeded, otherwise = [], []
        for statement in FORBIDDEN:
            try:
                await connection.execute(statement)
                succeeded.append(statement)
            except asyncpg.InsufficientPrivilegeError as error:
                if "never changed" in str(error):  # that was the trigger; the grants must not have let it come so far
                    otherwise.append((statement, "trigger", str(error)))
            except asyncpg.PostgresError as error:
                otherwise.append((statement, type(error).__name__, str(error)))
        assert (succeeded, otherwise) == ([], [])
        assert len(FORBIDDEN) >= 40
    finally:
        await connection.close()


async def test_a_transfer_can_be_locked_by_the_application_and_the_trigger_lets_it_change_nothing(app: Tx) -> None:
    async with app.begin() as db:
        await db.execute(text("SELECT FROM transfer FOR UPDATE"))
    with pytest.raises(DBAPIError, match="rows of transfer are never changed or removed"):
        async with app.begin() as db:
            await db.execute(text("UPDATE transfer SET at = at"))


async def test_a_table_that_nobody_thought_of_may_be_read_and_added_to(tx: Tx, app: Tx) -> None:
    async with tx.begin() as db:
        await db.execute(text("CREATE TABLE later (n bigint GENERATED ALWAYS AS IDENTITY, told text)"))
    async with app.begin() as db:
        await db.execute(text("INSERT INTO later (told) VALUES ('this')"))
    async with tx.read() as db:
        assert await roles.drift(db) == {}


async def test_the_owner_puts_right_what_was_granted_by_hand_or_lost_by_a_load(tx: Tx) -> None:
    async with tx.begin() as db:
        await db.execute(text(f"GRANT UPDATE, TRUNCATE ON transfer TO {APP_ROLE}"))
        await db.execute(text(f"REVOKE ALL ON market_clock FROM {APP_ROLE}"))
    wrong = [
        f"{APP_ROLE} holds nothing on market_clock, not SELECT",
        f"{APP_ROLE} holds INSERT, SELECT, TRUNCATE, UPDATE on transfer, not INSERT, SELECT",
    ]
    assert await of_the_database(tx, as_owner=True) == wrong
    assert await settled(tx) == ["market_clock", "transfer"]
    assert await of_the_database(tx, as_owner=True) == []
    assert await settled(tx) == []


async def test_a_live_market_starts_as_no_role_that_could_change_what_stands_for_good(tx: Tx, app: Tx) -> None:
    live, sandbox = [Settings.model_construct(sandbox=one) for one in (False, True)]
    async with app.read() as db:
        assert await roles.unfit(db) == THROWAWAY
    with pytest.raises(UnsuitableServerError, match="the role techmarket administers the server"):
        await state.require_fit(tx, live)
    with pytest.raises(UnsuitableServerError, match=r"fsync is off, not on; .*synchronous_commit is off"):
        await state.require_fit(app, live)
    await state.require_fit(tx, sandbox)
    async with tx.begin() as db:
        await db.execute(text(f"GRANT DELETE ON bid TO {APP_ROLE}"))
    async with app.read() as db:
        found = await roles.unfit(db)
    assert found[0] == f"the role {APP_ROLE} may change what stands for good (bid); techmarket migrate mends it"
    async with tx.begin() as db:
        await db.execute(text(f"GRANT CREATE ON SCHEMA public TO {APP_ROLE}"))
    async with app.read() as db:
        assert (await roles.unfit(db))[0].startswith(f"the role {APP_ROLE} may change the schema")
