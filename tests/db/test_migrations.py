"""The tables that migrations make are the tables that the code maps, on the way up and on the way down."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CheckConstraint

from techmarket.db import roles
from techmarket.db.base import Base
from techmarket.db.metadata import load_all_tables
from techmarket.db.roles import APP_ROLE, KINDS, Kind
from techmarket.db.session import Tx
from tests.pg import ROOT, TestServer, alembic_config, migrate

_spec = spec_from_file_location("lint_migrations", ROOT / "scripts" / "lint_migrations.py")
assert _spec is not None
assert _spec.loader is not None
lint = module_from_spec(_spec)
_spec.loader.exec_module(lint)

load_all_tables()

# What stands in a schema, one line a thing. Extensions bring their own and are no business of ours.
CATALOGUE = """
WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname = 'public'),
foreign_to_us AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' ' || a.attidentity::text || a.attgenerated::text
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_class c JOIN ours ON c.relnamespace = ours.oid JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || coalesce(c.relname, '') || '.' || o.conname || ' ' || pg_get_constraintdef(o.oid)
  FROM pg_constraint o JOIN ours ON o.connamespace = ours.oid LEFT JOIN pg_class c ON c.oid = o.conrelid
 WHERE ('pg_constraint'::regclass, o.oid) NOT IN (SELECT * FROM foreign_to_us)
UNION ALL
SELECT 'index ' || pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN ours ON c.relnamespace = ours.oid
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT t.tgisinternal
UNION ALL
SELECT 'routine ' || pg_get_functiondef(p.oid) FROM pg_proc p JOIN ours ON p.pronamespace = ours.oid
 WHERE p.prokind IN ('f', 'p') AND ('pg_proc'::regclass, p.oid) NOT IN (SELECT * FROM foreign_to_us)
UNION ALL
SELECT 'kind of value ' || t.typname || ' ' || t.typtype::text || coalesce(' ' || e.enumlabel, '')
  FROM pg_type t JOIN ours ON t.typnamespace = ours.oid LEFT JOIN pg_enum e ON e.enumtypid = t.oid
 WHERE t.typtype IN ('e', 'd') AND ('pg_type'::regclass, t.oid) NOT IN (SELECT * FROM foreign_to_us)
UNION ALL
SELECT 'sequence ' || c.relname FROM pg_class c JOIN ours ON c.relnamespace = ours.oid WHERE c.relkind = 'S'
UNION ALL
SELECT 'view ' || viewname || ' ' || definition FROM pg_views WHERE schemaname = 'public'
ORDER BY 1
"""


@pytest.fixture
def empty_url(pg_server: TestServer) -> Iterator[str]:
    """A database without anything in it, not even our extensions."""
    with pg_server.cloned("template0") as url:
        yield url


def look(url: str, what: Any) -> Any:
    """Run `what(connection)` in a loop and a connection of its own."""

    async def run() -> Any:
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.connect() as connection:
            seen = await connection.run_sync(what)
        await engine.dispose()
        return seen

    return in_a_thread(asyncio.run, run())


def in_a_thread(work: Any, *args: Any) -> Any:
    # The migrations' env.py runs a loop of its own, and the test may already be inside one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *args).result(timeout=300)


def standing_in(connection: Connection) -> list[str]:
    return list(connection.execute(text(CATALOGUE)).scalars().all())


def catalogue(url: str) -> list[str]:
    return list(look(url, standing_in))


def without_alembic(lines: list[str]) -> list[str]:
    return [line for line in lines if "alembic_version" not in line]


def test_the_migrations_are_one_line_with_one_head():
    script = ScriptDirectory.from_config(alembic_config("unused://"))
    revisions = list(script.walk_revisions())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    assert [r.revision for r in revisions if r.is_merge_point or r.is_branch_point] == []
    files = list((ROOT / "migrations" / "versions").glob("*.py"))
    assert len(revisions) == len(files) > 0
    assert [f.name for f in files if not re.fullmatch(r"\d{4}_\d\d_\d\d_\d{4}_[a-z0-9_]+\.py", f.name)] == []


@pytest.mark.slow
def test_every_migration_goes_up_and_down_step_by_step_and_up_to_the_same_again(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
):
    config = alembic_config(empty_url)
    script = ScriptDirectory.from_config(config)
    order = [r.revision for r in script.walk_revisions()][::-1]
    # Reading all files anew and connecting anew at each of two hundred steps would be the most of the work.
    monkeypatch.setattr(ScriptDirectory, "from_config", lambda _: script)

    def walk(connection: Connection) -> list[str]:
        config.attributes["connection"] = connection
        standing = [standing_in(connection)]
        connection.commit()
        for revision in order:
            command.upgrade(config, revision)
            connection.commit()
            standing.append(standing_in(connection))
            connection.commit()
        for position in range(len(order), 0, -1):
            command.downgrade(config, order[position - 2] if position > 1 else "base")
            connection.commit()
            left, meant = without_alembic(standing_in(connection)), without_alembic(standing[position - 1])
            connection.commit()
            assert left == meant, f"down from {order[position - 1]} does not lead back"
        return standing[-1]

    above = look(empty_url, walk)
    migrate(empty_url)
    assert catalogue(empty_url) == above


REFUNDS_AND_VOIDED = [
    "SET LOCAL session_replication_role = replica",  # the organisations and people behind these rows do not matter here
    """INSERT INTO due (id, reference, payer_org, payee_org, minor, paid_minor, due_on, rule_date, subject, purpose,
                        state, paid_at, released_at)
    SELECT gen_random_uuid(), reference, gen_random_uuid(), gen_random_uuid(), 100, 100, '2026-03-02', '2026-03-02',
           'sample:' || gen_random_uuid(), 'PRICE', 'REFUNDED', now(), released_at
      FROM (VALUES ('D1', now()), ('D2', NULL)) AS one (reference, released_at)""",
    """INSERT INTO bank_statement (id, number, account, sha256, first_day, last_day, opening_minor, closing_minor,
                                   voided_at)
    SELECT md5('sample' || n)::uuid, 'ST-1', '33', sha256('x'), '2026-03-02', '2026-03-02', 0, 100,
           CASE WHEN n = 1 THEN now() END
      FROM generate_series(1, 2) AS n""",
    """INSERT INTO statement_entry (statement_id, n, is_credit, minor, booked_on, bank_reference, finding, state,
                                    is_void)
    SELECT md5('sample' || n)::uuid, 1, true, 100, '2026-03-02', 'B-1', 'TAKEN', 'KNOWN', n = 1
      FROM generate_series(1, 2) AS n""",
]


@pytest.mark.slow
def test_the_way_down_from_two_pairs_of_hands_leads_past_refunds_and_voided_statements(empty_url: str):
    config = alembic_config(empty_url)
    in_a_thread(command.upgrade, config, "0061_money_by_two")

    def fill(connection: Connection) -> None:
        for statement in REFUNDS_AND_VOIDED:
            connection.execute(text(statement))
        connection.commit()

    look(empty_url, fill)
    in_a_thread(command.downgrade, config, "0060_holds_and_claims")

    def left(connection: Connection) -> list[list[Any]]:
        queries = (
            "SELECT state FROM due ORDER BY reference",
            "SELECT number FROM bank_statement",
            "SELECT bank_reference FROM statement_entry",
        )
        return [list(connection.execute(text(query)).scalars()) for query in queries]

    assert look(empty_url, left) == [["PAID", "CANCELLED"], ["ST-1"], ["B-1"]]


def test_the_mapped_tables_are_the_tables_that_the_migrations_make(database_url: str):
    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "include_object": ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))

    assert [str(difference) for difference in look(database_url, compare)] == []


def ours(_thing: object, name: str | None, kind: str, _reflected: bool, _to: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith(("pgqueuer", "alembic_version")))


def test_the_checks_that_the_mapped_classes_name_stand_in_the_database_and_no_others(database_url: str):
    query = text(
        "SELECT r.relname, c.conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid"
        " WHERE c.contype = 'c' AND r.relnamespace = 'public'::regnamespace"
    )
    found = look(database_url, lambda connection: {tuple(row) for row in connection.execute(query)})
    standing = {(table, name) for table, name in found if ours(None, table, "table", True, None)}
    preparer = postgresql.dialect().identifier_preparer
    mapped = {
        (table.name, preparer.format_constraint(check).strip('"'))
        for table in Base.metadata.tables.values()
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }
    assert (sorted(mapped - standing), sorted(standing - mapped)) == ([], [])


def test_every_step_of_a_migration_gives_up_soon_when_somebody_holds_its_table(empty_url: str):
    """Whoever waits for a lock on a table holds up all who come after, so no step waits longer than a second."""
    config = alembic_config(empty_url)
    first, second = [r.revision for r in ScriptDirectory.from_config(config).walk_revisions()][::-1][:2]
    in_a_thread(command.upgrade, config, first)
    before = catalogue(empty_url)
    in_a_thread(command.upgrade, config, second)
    # Down two steps: the first is free, the second is held. A limit that holds only for the first step is none.
    config.attributes["tries"] = 2
    with pytest.raises(DBAPIError, match="lock timeout"):
        asyncio.run(down_while_somebody_reads(empty_url, config, seconds=30))
    assert catalogue(empty_url) == before
    # Who holds it only for a while is waited for, again and again, a second at most each time.
    asyncio.run(down_while_somebody_reads(empty_url, config, seconds=1.2))
    assert without_alembic(catalogue(empty_url)) == []


async def down_while_somebody_reads(url: str, config: Config, *, seconds: float) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as reader:
            await reader.execute(text("SELECT 1 FROM market_clock"))
            going_down = asyncio.create_task(asyncio.to_thread(command.downgrade, config, "base"))
            await asyncio.wait([going_down], timeout=seconds)
        await going_down
    finally:
        await engine.dispose()


def test_an_index_is_built_anew_where_a_build_broke_off_and_nobody_waits_in_a_statement_for_his_turn_to_migrate(
    database_url: str,
):
    """Who waited for the lock in a statement would be waited for by the index that is built under it."""
    config = alembic_config(database_url)
    head = catalogue(database_url)
    in_a_thread(command.downgrade, config, "0113_claim_codes")

    def break_off(connection: Connection) -> None:
        connection.execute(text("CREATE INDEX ix_journal_entry_newest_of_kind ON journal_entry (kind)"))
        connection.commit()

    look(database_url, break_off)

    async def waiting_while_another_migrates() -> list[str]:
        engine = create_async_engine(database_url, poolclass=NullPool)
        async with engine.connect() as other:
            await other.execute(text("SELECT pg_advisory_lock(:k)"), {"k": 0x7E01_0000})
            await other.commit()
            upward = asyncio.create_task(asyncio.to_thread(command.upgrade, config, "head"))
            await asyncio.sleep(0.4)
            seen = await other.execute(
                text("SELECT wait_event_type FROM pg_stat_activity WHERE datname = current_database()")
            )
            waiting = [one for one in seen.scalars() if one == "Lock"]
            is_done = upward.done()
            await other.execute(text("SELECT pg_advisory_unlock(:k)"), {"k": 0x7E01_0000})
            await other.commit()
            await upward
        await engine.dispose()
        return [*waiting, *(["it did not wait"] if is_done else [])]

    assert in_a_thread(asyncio.run, waiting_while_another_migrates()) == []
    assert catalogue(database_url) == head


# Statements that rewrite a whole table while nobody may write to it, or that lift the limit on waiting.
HEAVY = {
    "lifts the lock timeout": r"lock_timeout",
    "locks a table by hand": r"\bLOCK\s+TABLE\b",
    "rewrites a table": r"\b(VACUUM\s+FULL|CLUSTER)\b",
}


def test_no_migration_asks_for_a_lock_that_others_would_wait_for():
    wrong = [
        (path.name, why)
        for path in sorted((ROOT / "migrations" / "versions").glob("*.py"))
        for why, pattern in HEAVY.items()
        if re.search(pattern, path.read_text(), re.IGNORECASE)
    ]
    assert wrong == []


def test_the_sql_of_every_migration_keeps_to_the_linter_but_for_what_was_accepted():
    """Run `python scripts/lint_migrations.py` to see it alone; what comes after the cut is held to it whole."""
    assert lint.beyond(lint.look(lint.every_migration()), lint.accepted()) == []
    assert [stem for stem, _ in lint.accepted() if stem >= lint.CUT] == []
    late = f"{lint.CUT}_0900_slow"
    slow = f"{lint.BEGINNING}CREATE INDEX slow ON bid (at); ALTER TABLE bid ADD CONSTRAINT c CHECK (minor > 0);"
    assert sorted(lint.look({late: slow})) == [
        (late, "constraint-missing-not-valid"),
        (late, "require-concurrent-index-creation"),
    ]


def test_every_table_is_of_a_kind() -> None:
    """A new table is named in one of the kinds of `db/roles.py`, and its migration grants what that kind needs."""
    others = {"alembic_version", "pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics"}
    assert sorted(set(Base.metadata.tables) - set(KINDS)) == []
    assert set(KINDS) - set(Base.metadata.tables) == others
    assert len(KINDS) == sum(len(tables.split()) for tables in roles._TABLES.values()), "a table is named twice"


async def test_the_migrations_grant_each_table_what_its_kind_needs_and_every_frozen_table_is_append_only(
    tx: Tx,
) -> None:
    async with tx.read() as db:
        assert await roles.drift(db) == {}
        frozen = await db.execute(
            text(
                "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%stays'"
                " AND tgtype & 24 = 24 AND tgattr = '' AND tgenabled = 'O'"
            )
        )
        held = await db.execute(
            text(
                "SELECT a.attrelid::regclass::text, g.privilege_type, array_agg(a.attname::text ORDER BY a.attname)"
                " FROM pg_attribute a, aclexplode(a.attacl) g WHERE g.grantee = cast(:app as regrole) GROUP BY 1, 2"
            ),
            {"app": APP_ROLE},
        )
        columns = {table: {what: tuple(names)} for table, what, names in held}
        assert columns == roles.COLUMNS
        # What a trigger keeps from being changed at all is kept by the grants, too.
        stays = set(frozen.scalars())
    assert {table for table in stays if KINDS[table] is not Kind.FOR_GOOD} == {"journal_log", "contract_version"}
