"""Races whose order is forced: all wait in one line for one row, then the row is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text

from techmarket.db.session import Tx

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'
"""
TRIES = 1_000


async def in_line(tx: Tx, held: str, *acts: Callable[[], Awaitable[Any]], **ids: Any) -> list[Any]:
    """What each act gave or raised. `held` locks the row; an act begins once those before it wait in the database.

    Without a lock of its own an act reads what stands now, and overtakes whoever was first in line.
    """
    running: list[asyncio.Task[Any]] = []
    async with tx.begin() as db:
        assert (await db.execute(text(held), ids)).first() is not None
        for act in acts:
            running.append(asyncio.ensure_future(act()))
            for _ in range(TRIES):
                async with tx.read() as other:  # what one transaction sees of the others stands still
                    waiting = (await other.execute(text(WAITING))).scalar_one()
                if waiting + sum(task.done() for task in running) >= len(running):
                    break
                await asyncio.sleep(0.01)
            else:
                raise AssertionError("an act neither waits nor ends")
    return await asyncio.gather(*running, return_exceptions=True)
