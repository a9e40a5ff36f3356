"""The step FINAL_BID: the leaders may each name one last price, which nobody else reads before the step has ended."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.trading import errors, final_bids, policy, repository
from techmarket.trading.events import FinalBidPut, FinalBidsOpened
from techmarket.trading.lifecycle import LotState, LotStep, SeatState
from techmarket.trading.methods import Standing
from techmarket.trading.service import deciding
from techmarket.trading.service.deciding import Case, Step
from techmarket.trading.service.showing import require_known
from techmarket.trading.tables import FinalBid, Lot, Trade
from techmarket.trading.views import FinalBidView


async def begin(db: AsyncSession, case: Case) -> datetime | None:
    """The leaders have the announced time, if there are at least two of them."""
    terms = await texts.get(db, case.trade.terms_sha256)
    hours = final_bids.hours_of(terms)
    if hours is None or not final_bids.invited(await deciding.standings(db, case), terms):
        return None
    return case.now + timedelta(hours=hours)


async def expire(db: AsyncSession, case: Case) -> None:
    """Who was silent keeps the last bid; what was named is read now."""
    await _open(db, case.trade, case.lot)


deciding.STEPS[LotStep.FINAL_BID] = Step(begin, expire)


async def put_final_bid(tx: Tx, actor: Actor, lot_id: UUID, *, minor: int) -> FinalBidView:
    """A leader names one final price above its own last bid. With the last of them the step has ended."""
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        require_known(actor, seen)
        require(actor, policy.PUT_FINAL_BID)
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        seat = await repository.find_seat(db, lot.id, actor.org)
        if seat is None or seat.state is not SeatState.READY:
            raise errors.NotAParticipant()
        if lot.step is not LotStep.FINAL_BID or lot.step_due_at is None or now >= lot.step_due_at:
            raise errors.NoFinalBidAwaited(**_taken_when(lot))
        given = {one.number for one in await repository.final_bids_of(db, lot.id)}
        leaders = await _leaders(db, trade, lot, now)
        own = next((one for one in leaders if one.number == seat.number), None)
        if own is None:
            raise errors.NotALeader(leaders=len(leaders))
        if seat.number in given:
            raise errors.FinalBidGiven()
        if minor <= own.price_minor:
            least = Money(own.price_minor + 1)
            raise errors.FinalBidTooLow(own=Money(own.price_minor), least=least, pointer="/body/amount")
        nonce = secrets.token_hex(32)
        row = FinalBid(lot_id=lot.id, number=seat.number, minor=minor, nonce=nonce, at=now)
        db.add(row)
        await db.flush()
        said = final_bids.commitment(lot_id=lot.id, bidder=seat.number, minor=minor, nonce=nonce)
        # By nobody's name, as the book's entries: in the public record it is proven, and shows the commitment alone.
        journal.record(db, FinalBidPut(lot.id, trade.id, said), actor=None)
        if {one.number for one in leaders} <= {*given, seat.number}:
            await _open(db, trade, lot)
            await deciding.advance(db, trade, lot, now=now, actor=actor)
        return _view(row)


async def list_final_bids(tx: Tx, actor: Actor, lot_id: UUID) -> Sequence[FinalBidView]:
    """The final bids of a lot: one's own while the step lasts, all of them once it has ended."""
    async with tx.read() as db:
        lot, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        if final_bids.hours_of(await texts.get(db, trade.terms_sha256)) is None:
            raise NotFound()
        rows = await repository.final_bids_of(db, lot.id)
        if _is_read(lot):
            return [_view(row) for row in rows]
        seat = None if actor.org_id is None else await repository.find_seat(db, lot.id, actor.org_id)
        return [_view(row) for row in rows if seat is not None and row.number == seat.number]


def _taken_when(lot: Lot) -> dict[str, Any]:
    """Until when final bids were taken, or when the session ends after which they are; nothing where neither is so."""
    if lot.step is LotStep.FINAL_BID and lot.step_due_at is not None:
        return {"taken_until": lot.step_due_at}
    if lot.state is LotState.OPEN and lot.effective_end is not None:
        return {"session_ends_at": lot.effective_end}
    return {}


def _is_read(lot: Lot) -> bool:
    """What was named is read by all once the lot no longer waits for it; a terminated one is not opened any more."""
    order = list(LotStep)
    if lot.state is LotState.EVALUATING:
        return lot.step is not None and order.index(lot.step) > order.index(LotStep.FINAL_BID)
    return lot.state in (LotState.AWARDED, LotState.CONCLUDED, LotState.UNSOLD)


async def _leaders(db: AsyncSession, trade: Trade, lot: Lot, now: datetime) -> list[Standing]:
    """Who may name a final price: by what they bid in the session, whatever was named since."""
    case = await deciding.case_of(db, trade, lot, now, None)
    ranked = await deciding.standings(db, case, with_finals=False)
    return final_bids.invited(ranked, await texts.get(db, trade.terms_sha256))


async def _open(db: AsyncSession, trade: Trade, lot: Lot) -> None:
    rows = await repository.final_bids_of(db, lot.id)
    named = tuple({"bidder": row.number, "amount_minor": row.minor, "nonce": row.nonce} for row in rows)
    journal.record(db, FinalBidsOpened(lot.id, trade.id, named), actor=None)


def _view(row: FinalBid) -> FinalBidView:
    said = final_bids.commitment(lot_id=row.lot_id, bidder=row.number, minor=row.minor, nonce=row.nonce)
    return FinalBidView(row.lot_id, row.number, Money(row.minor), row.nonce, said, row.at)
