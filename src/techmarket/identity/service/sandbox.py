"""The clock of a sandbox."""

from __future__ import annotations

from datetime import datetime

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity import policy
from techmarket.identity.actor import Actor
from techmarket.identity.events import (
    ClockMoved,
)
from techmarket.identity.permissions import require


async def move_clock(tx: Tx, actor: Actor, to: datetime) -> datetime:
    """A sandbox's operator runs the market clock ahead, so that periods of law can pass; returns the new time."""
    require(actor, policy.MOVE_CLOCK)
    async with tx.begin() as db:
        now = await clock.move_to(db, to)
        journal.record(db, ClockMoved(now), actor=actor)
        return now


async def read_clock(tx: Tx) -> tuple[datetime, bool]:
    """The market's time, and whether this market is a sandbox."""
    async with tx.read() as db:
        return await clock.market_now(db), await clock.is_sandbox(db)
