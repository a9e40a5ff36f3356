"""The operator's view of the floor (交易大厅), and the pause: bidding stands still, and every second is given back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.periods import end_of_period, shanghai_day
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.rulebook import steps as rulebook
from techmarket.trading import errors, policy, repository, rules
from techmarket.trading.events import LotPaused, LotResumed
from techmarket.trading.lifecycle import LOT, LotState, PauseCause
from techmarket.trading.service.due import work_off_all
from techmarket.trading.service.qualifying import require_disinterested
from techmarket.trading.service.showing import floor_line, lot_view, require_known
from techmarket.trading.tables import Lot
from techmarket.trading.views import FloorLineView, LotView

PAUSED_AT_MOST = timedelta(days=180)
LONGEST_PAUSE = "trading.pause.length_max"


async def pause_lot(
    tx: Tx, actor: Actor, lot_id: UUID, *, cause: PauseCause, reason: str, resumes_at: datetime | None = None
) -> LotView:
    """The operator pauses a lot under bidding and says why; if it is known, also from when it goes on.

    A lot whose time has run out is over, whether it was closed yet or not.
    """
    async with tx.begin() as db:
        _, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        require(actor, policy.PAUSE)
        await require_disinterested(db, actor, trade)
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        lot.state = LOT.move(lot.state, "pause")
        if lot.effective_end is None or now >= lot.effective_end:
            raise errors.BiddingOver(effective_end=lot.effective_end)
        if resumes_at is not None and not now < resumes_at <= now + PAUSED_AT_MOST:
            field, most = "resumes_at", now + PAUSED_AT_MOST
            raise errors.TermsOutOfRange(field=field, least=now, most=most, pointer=f"/body/{field}")
        lot.paused_at, lot.pause_cause, lot.pause_reason, lot.resumes_at = now, cause, reason, resumes_at
        journal.record(db, LotPaused(lot.id, trade.id, cause.value, now, resumes_at, lot.seq), actor=actor)
        await db.flush()
        return lot_view(lot, now)


async def resume_lot(tx: Tx, actor: Actor, lot_id: UUID) -> LotView:
    """Bidding goes on: free period, end and hard stop move by exactly as long as the pause was, by the market's clock.

    Not before the hour that was told, if one was: whoever relied on it must not come too late.
    """
    async with tx.begin() as db:
        _, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        require(actor, policy.PAUSE)
        await require_disinterested(db, actor, trade)
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        LOT.move(lot.state, "resume")
        if lot.resumes_at is not None and now < lot.resumes_at:
            raise errors.ResumesLater(resumes_at=lot.resumes_at)
        await _go_on(db, lot, now, actor)
        return lot_view(lot, now)


async def go_on_due(tx: Tx) -> int:
    """What was said to go on at an hour goes on then, by the clock: whoever was told relies on it; what was paused
    without an hour goes on after the rulebook's longest pause. Returns how many."""
    return await work_off_all(tx, repository.list_due_to_go_on, lambda lot_id: go_on_if_due(tx, lot_id))


async def go_on_if_due(tx: Tx, lot_id: UUID) -> bool:
    """Silent if the operator was first, or the hour has not come."""
    async with tx.begin() as db:
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        if lot.state is not LotState.PAUSED or lot.paused_at is None:
            return False
        until = lot.resumes_at or await _longest_until(db, lot.paused_at)
        if until is None or now < until:
            return False
        await _go_on(db, lot, now, None)
        return True


async def _longest_until(db: AsyncSession, paused_at: datetime) -> datetime | None:
    """Without a row for that day, or the holidays to count by, the pause is for a person to watch."""
    longest = await rulebook.find_rule(db, LONGEST_PAUSE, on=shanghai_day(paused_at))
    try:
        calendar = await rulebook.work_calendar(db)
        return None if longest is None else end_of_period(paused_at, longest.length, calendar=calendar)
    except CalendarYearMissing:
        return None


async def _go_on(db: AsyncSession, lot: Lot, now: datetime, actor: Actor | None) -> None:
    lot.state = LOT.move(lot.state, "resume")
    assert lot.paused_at is not None
    assert lot.free_ends_at is not None
    assert lot.effective_end is not None
    assert lot.hard_end is not None
    paused_at = lot.paused_at
    was = rules.Periods(lot.free_ends_at, lot.effective_end, lot.hard_end)
    given = rules.give_back(was, now - paused_at)
    lot.free_ends_at, lot.effective_end, lot.hard_end = given.free_ends_at, given.effective_end, given.hard_end
    lot.paused_at = lot.pause_cause = lot.pause_reason = lot.resumes_at = None
    journal.record(
        db, LotResumed(lot.id, lot.trade_id, paused_at, now, given.effective_end, given.hard_end), actor=actor
    )
    await db.flush()


async def list_floor(tx: Tx, actor: Actor, *, cursor: str | None = None, limit: int) -> Page[FloorLineView]:
    """The lots that are open, paused or under evaluation, whatever is due first on top; for the market's staff."""
    require(actor, policy.SEE_FLOOR)
    after = decode_cursor(cursor, datetime, UUID) if cursor is not None else None
    async with tx.read() as db:
        rows = await repository.list_floor(db, after=after, limit=limit + 1)
        now = await market_now(db)
        page = page_of(rows, limit, lambda row: (row.due.isoformat(), str(row.lot.id)))
        return page.map(lambda row: floor_line(row, now))
