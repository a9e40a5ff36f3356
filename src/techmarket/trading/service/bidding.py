"""The lot opens by the clock, bids go into the book, and the clock closes it, exactly once."""

from __future__ import annotations

from uuid import UUID

from techmarket.db import journal
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.notices import steps as notices
from techmarket.trading import awards, policy, repository, rules
from techmarket.trading.bidbook import Answer, BidBook
from techmarket.trading.events import (
    BiddingOpened,
    LotClosed,
)
from techmarket.trading.lifecycle import (
    AWARD,
    BOOK,
    TRADE,
    BookState,
    TradeState,
)
from techmarket.trading.service.due import work_off
from techmarket.trading.tables import Award


async def place_bid(book: BidBook, actor: Actor, lot_id: UUID, *, minor: int, key: str) -> Answer:
    """A bid goes to the book. The decision is returned, refusals included: each has a number and a receipt."""
    require(actor, policy.BID)
    return await book.place(lot_id, org_id=actor.org, minor=minor, key=key)


async def open_due(tx: Tx, *, limit: int = 100) -> int:
    """Open every book whose hour has come and whose announcement has ended; returns how many."""
    async with tx.read() as db:
        due = await repository.list_due_to_open(db, limit)
    return await work_off(due, lambda trade_id: open_if_due(tx, trade_id))


async def open_if_due(tx: Tx, trade_id: UUID) -> bool:
    """Bidding opens after the announcement. Its periods run from the real opening, so nobody's time is cut."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        now = await market_now(db)
        if trade.state is not TradeState.ANNOUNCED or trade.notice_id is None or trade.bidding_opens_at is None:
            return False
        if now < trade.bidding_opens_at or not await notices.is_cleared(db, trade.notice_id, now):
            return False
        lot = await repository.lock_lot_of(db, trade.id)
        if await repository.count_who_may_bid(db, trade.id) == 0:
            lot.state, lot.closed_at = BOOK.move(lot.state, "close"), now
            await awards.end_unsold(db, trade, actor=None)
            return True
        trade.state = TRADE.move(trade.state, "open")
        lot.state = BOOK.move(lot.state, "open")
        periods = rules.periods_from(
            now,
            free_seconds=trade.free_seconds,
            limited_seconds=trade.limited_seconds,
            hard_stop_seconds=trade.hard_stop_seconds,
        )
        lot.opened_at, lot.free_ends_at = now, periods.free_ends_at
        lot.effective_end, lot.hard_end = periods.effective_end, periods.hard_end
        event = BiddingOpened(lot.id, trade.id, periods.free_ends_at, periods.hard_end, lot.chain.hex())
        journal.record(db, event, actor=None)
        return True


async def close_due(tx: Tx, *, limit: int = 100) -> int:
    """Close every book whose time has run out; returns how many."""
    async with tx.read() as db:
        due = await repository.list_due_to_close(db, limit)
    return await work_off(due, lambda lot_id: close_if_due(tx, lot_id))


async def close_if_due(tx: Tx, lot_id: UUID) -> bool:
    """Seal a book exactly once: the highest is offered the lot, the runner-up waits, the others are released.

    Locks and looks again, and is silent if a bid has moved the end or another worker was first.
    """
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot_of(db, trade.id)
        now = await market_now(db)
        if lot.state is not BookState.OPEN or lot.effective_end is None or now < lot.effective_end:
            return False
        lot.state, lot.closed_at = BOOK.move(lot.state, "close"), now
        journal.record(db, LotClosed(lot.id, trade.id, lot.seq, lot.chain.hex(), lot.leading_minor), actor=None)
        ranked = rules.rank(await repository.best_bids(db, lot.id))[:2]
        if not ranked:
            await awards.end_unsold(db, trade, actor=None)
            return True
        trade.state = TRADE.move(trade.state, "award")
        by_number = {p.number: p for p in await repository.lock_participants(db, trade.id)}
        kept = frozenset(by_number[best.bidder].id for best in ranked)
        await awards.release_all(db, trade, actor=None, keep=kept)
        made = [
            Award(
                id=new_id(),
                lot_id=lot.id,
                trade_id=trade.id,
                rank=rank,
                participant_id=by_number[best.bidder].id,
                price_minor=best.minor,
                state=AWARD.initial,
            )
            for rank, best in enumerate(ranked, start=1)
        ]
        db.add_all(made)
        await db.flush()
        await awards.offer(db, trade, lot, made[0], now=now, actor=None)
        return True
