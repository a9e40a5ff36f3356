"""The market clock: a sandbox may run ahead, never back; a live market's clock cannot be moved at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.db import clock


async def test_a_live_market_refuses_to_move_its_clock_also_past_the_application(tx):
    with pytest.raises(clock.ClockStandsStill):
        async with tx.begin() as db:
            await clock.move_to(db, datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(DBAPIError, match="offset_only_in_a_sandbox"):
        async with tx.begin() as db:
            await db.execute(text("UPDATE market_clock SET ahead = interval '1 day'"))


async def test_a_sandbox_starts_in_the_past_runs_ahead_and_never_back(tx):
    start = datetime(2026, 1, 5, 1, tzinfo=UTC)
    async with tx.begin() as db:
        await clock.open_sandbox(db, start)
        assert timedelta(0) <= await clock.market_now(db) - start < timedelta(seconds=5)
        later = start + timedelta(days=15)
        assert timedelta(0) <= await clock.move_to(db, later) - later < timedelta(seconds=5)
    with pytest.raises(clock.ClockOnlyForward):
        async with tx.begin() as db:
            await clock.move_to(db, start)
    async with tx.read() as db:
        assert await clock.market_now(db) >= later


async def test_sql_and_python_read_the_same_clock(tx):
    async with tx.begin() as db:
        await clock.open_sandbox(db, datetime(2026, 1, 5, tzinfo=UTC))
        sql = (await db.execute(text("SELECT market_now()"))).scalar_one()
        assert abs(await clock.market_now(db) - sql) < timedelta(seconds=1)


async def test_a_sandbox_runs_as_fast_as_it_is_told_without_a_jump_and_a_live_market_at_its_own_pace(tx):
    with pytest.raises(clock.ClockStandsStill):
        async with tx.begin() as db:
            await clock.run_at(db, 1_440)
    with pytest.raises(DBAPIError, match="offset_only_in_a_sandbox"):
        async with tx.begin() as db:
            await db.execute(text("UPDATE market_clock SET rate = 2"))
    start = datetime(2026, 1, 5, tzinfo=UTC)
    async with tx.begin() as db:
        await clock.open_sandbox(db, start)
        assert timedelta(0) <= await clock.run_at(db, 1_440) - start < timedelta(days=1)
        await db.execute(text("UPDATE market_clock SET since = since - interval '1 hour'"))
        fast = await clock.market_now(db)
        assert timedelta(days=59) <= fast - start < timedelta(days=61)
        slow = await clock.run_at(db, 1)
        assert slow >= fast
        await db.execute(text("UPDATE market_clock SET since = since - interval '1 hour'"))
        assert await clock.market_now(db) - slow < timedelta(minutes=2)
        assert await clock.rate_of(db) == 1
