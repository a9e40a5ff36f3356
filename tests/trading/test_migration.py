"""Yesterday's trades, as the migration to several lots finds and leaves them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from alembic import command

from tests.pg import TestServer, alembic_config

CASES = {
    "REGISTERED": ("REGISTERED", None, "WAITING"),
    "ADMITTED": ("ADMITTED", None, "WAITING"),
    "QUALIFIED": ("QUALIFIED", "DUE", "WAITING"),
    "READY": ("QUALIFIED", "HELD", "READY"),
    "PAID_IN": ("QUALIFIED", "PAID_IN", "GONE"),
    "FORFEITED": ("QUALIFIED", "FORFEITED", "GONE"),
    "RELEASED": ("QUALIFIED", "RELEASED", "GONE"),
    "REJECTED": ("REJECTED", None, "GONE"),
}
"""A participant's state of before, and what it is now: qualification, deposit, seat."""
TERMS = '{"free_seconds": 3600, "limited_seconds": 180, "hard_stop_seconds": 86400, "rules": []}'


@pytest.fixture
def empty_url(pg_server: TestServer) -> Iterator[str]:
    with pg_server.cloned("template0") as url:
        yield url


async def yesterday(connection: Any) -> None:
    """Rows as the version before wrote them; what they refer to in other rooms is of no matter here."""
    sha = await connection.fetchval(
        "INSERT INTO text (sha256, body) VALUES (encode(sha256($1), 'hex'), $1) RETURNING sha256", TERMS.encode()
    )
    for n, state in enumerate(("ANNOUNCED", "CONCLUDED"), start=1):
        trade_id = await connection.fetchval(
            "INSERT INTO trade (id, number, listing_id, listing_n, listing_sha256, title_zh, title_en, seller_org_id,"
            " method, rule_date, state, terms_sha256, start_price_minor, increment_minor, deposit_minor, free_seconds,"
            " limited_seconds, hard_stop_seconds, signing_n, signing_unit) VALUES (gen_random_uuid(), $1,"
            " gen_random_uuid(), 1, repeat('0', 64), '示例', 'Sample', gen_random_uuid(), 'ONLINE_BIDDING',"
            " '2026-03-02', $2, $3, 500, 10, 150, 3600, 180, 86400, 30, 'days') RETURNING id",
            f"JY-2026-00000{n}",
            state,
            sha,
        )
        await connection.execute(
            "INSERT INTO lot (id, trade_id, state, start_price_minor, increment_minor, limited_seconds, seq, chain)"
            " VALUES (gen_random_uuid(), $1, $2, 500, 10, 180, 0, sha256(''))",
            trade_id,
            "WAITING" if state == "ANNOUNCED" else "CLOSED",
        )
    for number, (was, (_, deposit, _)) in enumerate(CASES.items(), start=1001):
        due_id = hold_id = None
        if deposit is not None:
            due_id = await connection.fetchval(
                "INSERT INTO due (id, reference, payer_org, minor, due_on, rule_date, subject, purpose, state) VALUES"
                " (gen_random_uuid(), $1, gen_random_uuid(), 150, '2026-03-02', '2026-03-02', 'participant:',"
                " 'DEPOSIT', 'OPEN') RETURNING id",
                f"D2026{number}",
            )
        if deposit not in (None, "DUE"):
            hold_id = await connection.fetchval(
                "INSERT INTO hold (id, book, source_account, target_account, minor, state, why) VALUES"
                " (gen_random_uuid(), 'MARKET', gen_random_uuid(), gen_random_uuid(), 150, 'PENDING', 'participant:')"
                " RETURNING id"
            )
        await connection.execute(
            "INSERT INTO participant (id, trade_id, org_id, person_id, number, related, state, due_id, hold_id)"
            " SELECT gen_random_uuid(), id, gen_random_uuid(), gen_random_uuid(), $1, false, $2, $3, $4"
            " FROM trade WHERE number = 'JY-2026-000001'",
            number,
            was,
            due_id,
            hold_id,
        )


async def snapshot(connection: Any) -> dict[str, Any]:
    return {
        table: [dict(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY id")]
        for table in ("trade", "lot", "participant")
    }


async def test_yesterdays_trades_get_one_lot_their_deposits_and_their_seats_and_lead_back(empty_url: str) -> None:
    config = alembic_config(empty_url)
    await asyncio.to_thread(command.upgrade, config, "0023_listing_reviews")
    plain = empty_url.replace("+asyncpg", "")
    connection = await asyncpg.connect(plain)
    try:
        # For every session from now on: rows of other rooms need not be there.
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"ALTER DATABASE {name} SET session_replication_role = replica")
        await connection.close()
        connection = await asyncpg.connect(plain)
        await yesterday(connection)
        before = await snapshot(connection)
        await asyncio.to_thread(command.upgrade, config, "0024_trading_lots")
        lots = await connection.fetch(
            "SELECT n, title_en, method, state FROM lot l ORDER BY (SELECT number FROM trade t WHERE t.id = trade_id)"
        )
        assert [tuple(row) for row in lots] == [
            (1, "Sample", "ONLINE_BIDDING", "WAITING"),
            (1, "Sample", "ONLINE_BIDDING", "CONCLUDED"),
        ]
        rows = await connection.fetch(
            "SELECT p.state, d.state, s.state FROM participant p LEFT JOIN deposit d ON d.participant_id = p.id"
            " LEFT JOIN seat s ON s.participant_id = p.id ORDER BY p.number"
        )
        assert [tuple(row) for row in rows] == list(CASES.values())
        assert await connection.fetchval("SELECT count(*) FROM deposit WHERE minor = 150 AND id = participant_id") == 5
        await asyncio.to_thread(command.downgrade, config, "0023_listing_reviews")
        await connection.reload_schema_state()
        assert await snapshot(connection) == before
    finally:
        await connection.close()
