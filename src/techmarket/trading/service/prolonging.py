"""An announcement is extended, suspended and resumed (延期、中止、恢复); the opening of the bidding moves with it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.periods import shanghai_day
from techmarket.notices import steps as notices
from techmarket.settlement import steps as settlement
from techmarket.trading import errors, policy, repository
from techmarket.trading.announcement import (
    extension_of,
    lacks_participants,
    look_at,
    moved_opening,
    participants_min_of,
)
from techmarket.trading.events import OpeningMoved, TradeExtended, TradeResumed, TradeSuspended
from techmarket.trading.lifecycle import TRADE, ActKind, DepositState, PauseCause, TradeState
from techmarket.trading.service import deciding
from techmarket.trading.service.due import work_off_all
from techmarket.trading.service.qualifying import require_disinterested
from techmarket.trading.service.showing import require_known, trade_view
from techmarket.trading.tables import Trade
from techmarket.trading.views import TradeView


async def extend_announcement(tx: Tx, actor: Actor, trade_id: UUID, *, reasons: str) -> TradeView:
    """The operator extends an announcement by one announced step, while a lot lacks qualified participants."""
    async with tx.begin() as db:
        trade = await _lock_announced(db, actor, trade_id, "extend")
        require(actor, policy.EXTEND)
        await require_disinterested(db, actor, trade)
        _require_running(trade)
        least = participants_min_of(await texts.get(db, trade.terms_sha256))
        if not lacks_participants((await repository.qualified_by_lot(db, trade.id)).values(), least):
            raise errors.EnoughParticipants(least=least)
        await _extend(db, trade, reasons=reasons, actor=actor)
        return await _view(db, trade)


async def suspend_trade(tx: Tx, actor: Actor, trade_id: UUID, *, cause: PauseCause, reasons: str) -> TradeView:
    """The operator stops an announced procedure for a stated cause, at most as long as the rulebook says."""
    async with tx.begin() as db:
        trade = await _lock_announced(db, actor, trade_id, "suspend")
        require(actor, policy.SUSPEND)
        await require_disinterested(db, actor, trade)
        _require_running(trade)
        now = await market_now(db)
        await notices.suspend(db, await _notice_of(db, trade), cause=reasons, actor=actor, now=now)
        await _note_suspension(db, trade, cause=cause, actor=actor, now=now)
        return await _view(db, trade)


async def resume_trade(tx: Tx, actor: Actor, trade_id: UUID, *, reasons: str) -> TradeView:
    """What was left of the announcement runs on, with at least what the rulebook asks for after a suspension."""
    async with tx.begin() as db:
        trade = await _lock_announced(db, actor, trade_id, "resume")
        require(actor, policy.SUSPEND)
        await require_disinterested(db, actor, trade)
        if trade.suspended_at is None:
            raise errors.TradeNotSuspended()
        now = await market_now(db)
        await notices.resume(db, await _notice_of(db, trade), actor=actor, now=now)
        await _note_resumption(db, trade, reasons=reasons, actor=actor, now=now)
        return await _view(db, trade)


# --- by the clock, and after what was done to the notice itself -------------------------------------------------------


async def extend_due(tx: Tx) -> int:
    """Extend, as announced, what is about to end with too few participants; returns how many."""
    return await work_off_all(tx, repository.list_due_to_extend, lambda trade_id: extend_if_due(tx, trade_id))


async def extend_if_due(tx: Tx, trade_id: UUID) -> bool:
    """The clock looks once before each end. What stands still or is used up is not extended, and not looked at again
    before its end moves."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        now = await market_now(db)
        if trade.state is not TradeState.ANNOUNCED or trade.extension_look_at is None or now < trade.extension_look_at:
            return False
        trade.extension_look_at = None
        ends_at = await notices.ends_at(db, await _notice_of(db, trade))
        is_running = ends_at is not None and now < ends_at
        least = participants_min_of(await texts.get(db, trade.terms_sha256))
        lacks = lacks_participants((await repository.qualified_by_lot(db, trade.id)).values(), least)
        if not is_running or not lacks or not await notices.extensions_left(db, await _notice_of(db, trade)):
            return False
        await _extend(db, trade, reasons=None, actor=None)
        return True


async def resume_due(tx: Tx) -> int:
    """Resume what has been suspended for as long as the rulebook allows; returns how many."""
    return await work_off_all(tx, repository.list_due_to_resume, lambda trade_id: resume_if_due(tx, trade_id))


async def resume_if_due(tx: Tx, trade_id: UUID) -> bool:
    """No suspension lasts for ever: the obstacle is gone by then, or the operator has terminated the procedure."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        now = await market_now(db)
        if trade.state is not TradeState.ANNOUNCED or trade.resume_by is None or now < trade.resume_by:
            return False
        await notices.resume(db, await _notice_of(db, trade), actor=None, now=now)
        await _note_resumption(db, trade, reasons=None, actor=None, now=now)
        return True


async def follow_announcement(tx: Tx, trade_id: UUID) -> bool:
    """The notice was stopped, let run on or counted anew elsewhere: the procedure stands as it does, said twice or not.

    Silent when nothing is different, or while the end cannot be counted.
    """
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        if trade.state is not TradeState.ANNOUNCED or trade.notice_id is None:
            return False
        trade.notice_id = await notices.current(db, trade.notice_id)
        now = await market_now(db)
        suspension = await notices.suspension_of(db, trade.notice_id)
        if suspension is not None and trade.suspended_at is None:
            await _note_suspension(db, trade, cause=PauseCause.OTHER, actor=None, now=now)
            return True
        if suspension is None and trade.suspended_at is not None:
            await _note_resumption(db, trade, reasons=None, actor=None, now=now)
            return True
        was = trade.announcement_ends_at
        if not await _move(db, trade) or trade.announcement_ends_at == was:
            return False
        assert trade.announcement_ends_at is not None
        assert trade.bidding_opens_at is not None
        journal.record(db, OpeningMoved(trade.id, trade.announcement_ends_at, trade.bidding_opens_at), actor=None)
        return True


async def follow_calendar(tx: Tx) -> None:
    """The operator has entered work days: every announced procedure counts its end anew, and closed lots are tried."""
    await deciding.follow_calendar(tx)
    after: UUID | None = None
    while True:
        async with tx.read() as db:
            page = await repository.list_announced(db, after=after, limit=100)
        for trade_id in page:
            await follow_announcement(tx, trade_id)
        if not page:
            return
        after = page[-1]


# --- inside the transaction -------------------------------------------------------------------------------------------


async def _lock_announced(db: AsyncSession, actor: Actor, trade_id: UUID, act: str) -> Trade:
    trade = await repository.lock_trade(db, trade_id)
    require_known(actor, trade)
    if trade.state is not TradeState.ANNOUNCED:
        raise NotInThisState(thing=TRADE.thing, state=trade.state, act=act, possible=TRADE.possible(trade.state))
    return trade


def _require_running(trade: Trade) -> None:
    if trade.suspended_at is not None:
        raise errors.TradeIsSuspended(resume_by=trade.resume_by)


async def _notice_of(db: AsyncSession, trade: Trade) -> UUID:
    """The one that stands, also before the trade has heard that it took the place of another."""
    assert trade.notice_id is not None
    return await notices.current(db, trade.notice_id)


async def _extend(db: AsyncSession, trade: Trade, *, reasons: str | None, actor: Actor | None) -> None:
    notice_id, now = await _notice_of(db, trade), await market_now(db)
    left = await notices.extensions_left(db, notice_id)
    ends_at = await notices.extend(db, notice_id, actor=actor, now=now)
    await _move(db, trade)
    await repository.add_act(db, trade, ActKind.EXTENDED, reasons=reasons, actor=actor, now=now)
    announced = extension_of(await texts.get(db, trade.terms_sha256))
    assert announced is not None
    step = announced.at_most - left + 1
    journal.record(db, TradeExtended(trade.id, notice_id, step, ends_at, trade.bidding_opens_at), actor=actor)


async def _note_suspension(
    db: AsyncSession, trade: Trade, *, cause: PauseCause, actor: Actor | None, now: datetime
) -> None:
    notice_id = await _notice_of(db, trade)
    suspension = await notices.suspension_of(db, notice_id)
    assert suspension is not None
    trade.suspended_at, trade.resume_by = suspension.began_at, suspension.resume_by
    trade.extension_look_at = None
    await repository.add_act(
        db, trade, ActKind.SUSPENDED, cause=cause.value, reasons=suspension.reasons, actor=actor, now=now
    )
    journal.record(db, TradeSuspended(trade.id, notice_id, cause.value, suspension.resume_by), actor=actor)


async def _note_resumption(
    db: AsyncSession, trade: Trade, *, reasons: str | None, actor: Actor | None, now: datetime
) -> None:
    if trade.suspended_at is not None:
        await repository.put_off_opinions(db, trade.id, now - trade.suspended_at)
    trade.suspended_at = trade.resume_by = None
    moved = await _move(db, trade)
    await repository.add_act(db, trade, ActKind.RESUMED, reasons=reasons, actor=actor, now=now)
    ends_at = trade.announcement_ends_at if moved else None
    journal.record(
        db, TradeResumed(trade.id, await _notice_of(db, trade), ends_at, trade.bidding_opens_at), actor=actor
    )


async def _move(db: AsyncSession, trade: Trade) -> bool:
    """The opening, the clock's look and the day deposits are due move with the end of the announcement.

    Returns whether that end is known: nothing stops the clock, and its years have a calendar.
    """
    ends_at = await notices.ends_at(db, await _notice_of(db, trade))
    if ends_at is None:
        return False
    assert trade.bidding_opens_at is not None
    was = trade.announcement_ends_at or trade.bidding_opens_at
    opens_at = max(moved_opening(trade.bidding_opens_at, was=was, ends_at=ends_at), ends_at)
    if was != ends_at or trade.extension_look_at is None:
        trade.extension_look_at = look_at(ends_at, extension_of(await texts.get(db, trade.terms_sha256)))
    trade.announcement_ends_at = ends_at
    if opens_at != trade.bidding_opens_at:
        trade.bidding_opens_at = opens_at
        for deposit in await repository.lock_deposits(db, trade.id):
            if deposit.state is DepositState.DUE:
                await settlement.put_off(db, deposit.due_id, shanghai_day(opens_at))
    await db.flush()
    return True


async def _view(db: AsyncSession, trade: Trade) -> TradeView:
    return await trade_view(db, trade, await repository.lots_of(db, trade.id), await market_now(db))
