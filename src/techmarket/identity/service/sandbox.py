"""The clock of a sandbox: moved ahead, run faster, taken to what is due next."""

from __future__ import annotations

from datetime import datetime

from techmarket.db import clock, journal
from techmarket.db.jobs import DEADLINES
from techmarket.db.session import Tx
from techmarket.identity import policy
from techmarket.identity.actor import Actor
from techmarket.identity.events import ClockMoved, ClockRuns
from techmarket.identity.permissions import require
from techmarket.identity.views import ClockView


async def move_clock(tx: Tx, actor: Actor, to: datetime) -> ClockView:
    """A sandbox's operator runs the market clock ahead, so that periods of law can pass."""
    require(actor, policy.MOVE_CLOCK)
    async with tx.begin() as db:
        now = await clock.move_to(db, to)
        journal.record(db, ClockMoved(now), actor=actor)
        return ClockView(now, True, await clock.rate_of(db))


async def run_clock(tx: Tx, actor: Actor, rate: int) -> ClockView:
    """A sandbox's operator lets the market clock run so many times as fast as the real one."""
    require(actor, policy.MOVE_CLOCK)
    async with tx.begin() as db:
        now = await clock.run_at(db, rate)
        journal.record(db, ClockRuns(rate), actor=actor)
        return ClockView(now, True, rate)


async def run_clock_at(tx: Tx, rate: int) -> None:
    """The same, by whoever starts a sandbox on his machine."""
    async with tx.begin() as db:
        if await clock.rate_of(db) != rate:
            await clock.run_at(db, rate)
            journal.record(db, ClockRuns(rate), actor=None)


async def jump_to_next(tx: Tx, actor: Actor) -> ClockView:
    """A sandbox's operator takes the market clock to the next moment at which something is due; the view says what."""
    require(actor, policy.MOVE_CLOCK)
    async with tx.begin() as db:
        if not await clock.is_sandbox(db):
            raise clock.ClockStandsStill()
        due = [((await db.execute(one.next)).scalar_one(), one.name) for one in DEADLINES.values()]
        waiting = sorted((at, name) for at, name in due if at is not None)
        if not waiting:
            raise clock.NothingDue()
        at, name = waiting[0]
        now = await clock.move_to(db, max(at, await clock.market_now(db)))
        journal.record(db, ClockMoved(now), actor=actor)
        return ClockView(now, True, await clock.rate_of(db), name)


async def read_clock(tx: Tx) -> tuple[datetime, bool]:
    """The market's time, and whether this market is a sandbox."""
    view = await see_clock(tx)
    return view.now, view.sandbox


async def see_clock(tx: Tx) -> ClockView:
    async with tx.read() as db:
        return ClockView(*await clock.look(db))
