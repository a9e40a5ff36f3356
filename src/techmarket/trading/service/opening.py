"""The lots open by the clock, and the clock closes each, exactly once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.notices import steps as notices
from techmarket.trading import awards, deposits, repository
from techmarket.trading.announcement import participants_min_of
from techmarket.trading.events import BiddingOpened, LotClosed
from techmarket.trading.lifecycle import LOT, TRADE, LotState, Method, TradeState
from techmarket.trading.methods import Family, method_rules, rules_of
from techmarket.trading.methods.fixed_price import method_at_opening
from techmarket.trading.service import deciding
from techmarket.trading.service.due import work_off_all
from techmarket.trading.tables import Lot, Trade


async def open_due(tx: Tx, *, limit: int = 100) -> int:
    """Open every trade whose hour has come and whose announcement has ended; returns how many."""
    return await work_off_all(tx, repository.list_due_to_open, lambda trade_id: open_if_due(tx, trade_id), limit=limit)


async def open_if_due(tx: Tx, trade_id: UUID) -> bool:
    """All lots open after the announcement. Their periods run from the real opening, so nobody's time is cut.

    Whoever has not paid by then is too late. A lot on which fewer may bid than was announced ends unsold at once.
    """
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        now = await market_now(db)
        if trade.state is not TradeState.ANNOUNCED or trade.notice_id is None or trade.bidding_opens_at is None:
            return False
        if now < trade.bidding_opens_at or not await notices.has_ended(db, trade.notice_id, now):
            return False
        lots = await repository.lock_lots(db, trade.id)
        # Without its key a sealed lot could take no quote; the trade waits, and nobody's time is cut.
        sealed = [lot.id for lot in lots if method_rules(lot.method).family is Family.ENVELOPE]
        if await repository.count_sealed(db, sealed) < len(sealed):
            return False
        await deposits.close_registration(db, trade)
        terms = await texts.get(db, trade.terms_sha256)
        least = participants_min_of(terms)
        ready = await repository.ready_by_lot(db, trade.id)
        wanted = {lot_id: count for lot_id, count in ready.items() if count >= least}
        if wanted:
            trade.state = TRADE.move(trade.state, "open")
        method_terms = rules_of(terms)
        for lot in lots:
            if lot.id in wanted:
                _open(db, trade, lot, method_terms, now, ready=wanted[lot.id])
        for lot in lots:
            if lot.id not in wanted:
                lot.closed_at = now
                cause = "too_few_qualified" if ready.get(lot.id) else "nobody_qualified"
                await awards.end_unsold(db, trade, lot, cause=cause, actor=None)
        return True


def _open(db: AsyncSession, trade: Trade, lot: Lot, method_terms: dict[str, Any], now: datetime, *, ready: int) -> None:
    lot.state = LOT.move(lot.state, "open")
    # The announcement said so: the trade keeps its method, the lot has the one it is decided by.
    if lot.method is Method.FIXED_PRICE:
        lot.method = method_at_opening(ready)
    periods = method_rules(lot.method).periods(now, method_terms)
    lot.opened_at, lot.free_ends_at = now, periods.free_ends_at
    lot.effective_end, lot.hard_end = periods.effective_end, periods.hard_end
    event = BiddingOpened(lot.id, trade.id, periods.free_ends_at, periods.hard_end, lot.chain.hex(), lot.method.value)
    journal.record(db, event, actor=None)


async def close_due(tx: Tx, *, limit: int = 100) -> int:
    """Close every lot whose time has run out; returns how many."""
    return await work_off_all(tx, repository.list_due_to_close, lambda lot_id: close_if_due(tx, lot_id), limit=limit)


async def close_if_due(tx: Tx, lot_id: UUID) -> bool:
    """Seal a lot exactly once, and let the pipeline decide it.

    Locks and looks again, and is silent if a bid has moved the end or another worker was first.
    """
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        if lot.state is not LotState.OPEN or lot.effective_end is None or now < lot.effective_end:
            return False
        await close(db, trade, lot, now=now, actor=None)
        return True


async def close(db: AsyncSession, trade: Trade, lot: Lot, *, now: datetime, actor: Actor | None) -> None:
    """Seal a locked, open lot: nothing is entered any more, and its decision begins."""
    lot.state, lot.closed_at = LOT.move(lot.state, "close"), now
    journal.record(db, LotClosed(lot.id, trade.id, lot.seq, lot.chain.hex(), lot.leading_minor), actor=actor)
    await deciding.advance(db, trade, lot, now=now, actor=actor)
