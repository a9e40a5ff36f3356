"""The step RESERVE: after the close the seller reveals the committed reserve price, or it does not bind."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.periods import Length, Unit, end_of_period
from techmarket.rulebook import steps as rulebook
from techmarket.trading import errors, policy, repository
from techmarket.trading.events import ReserveNotRevealed, ReserveRevealed
from techmarket.trading.lifecycle import LotState, LotStep
from techmarket.trading.reserve import opens
from techmarket.trading.service import deciding
from techmarket.trading.service.deciding import Case, Step
from techmarket.trading.service.showing import lot_view, require_known
from techmarket.trading.views import LotView


async def begin(db: AsyncSession, case: Case) -> datetime | None:
    """The seller has the announced time to reveal; where nobody offered anything there is nothing to reveal for."""
    said = (await texts.get(db, case.trade.terms_sha256)).get("reserve")
    if said is None or not await deciding.standings(db, case):
        return None
    length = Length(said["reveal"]["n"], Unit(said["reveal"]["unit"]))
    return end_of_period(case.now, length, calendar=await rulebook.work_calendar(db))


async def expire(db: AsyncSession, case: Case) -> None:
    """A reserve price that is not revealed in time does not bind: the lot goes to whoever is first."""
    journal.record(db, ReserveNotRevealed(case.lot.id, case.trade.id), actor=None)


deciding.STEPS[LotStep.RESERVE] = Step(begin, expire)


async def reveal_reserve(tx: Tx, actor: Actor, lot_id: UUID, *, minor: int, salt: str) -> LotView:
    """The seller reveals amount and salt; an offer below the reserve price does not win."""
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        require_known(actor, seen)
        require(actor, policy.REVEAL_RESERVE, parties=[seen.seller_org_id])
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        if lot.step is not LotStep.RESERVE or lot.reserve_digest is None:
            ends_at = lot.effective_end if lot.state is LotState.OPEN else None
            raise errors.NoReserveAwaited(session_ends_at=ends_at)
        if lot.step_due_at is not None and now >= lot.step_due_at:
            raise errors.NoReserveAwaited(revealed_until=lot.step_due_at)
        if not opens(lot.reserve_digest, minor=minor, salt=salt):
            raise errors.ReserveDiffers(digest=lot.reserve_digest, pointer="/body")
        lot.reserve_minor, lot.reserve_salt = minor, salt
        journal.record(db, ReserveRevealed(lot.id, trade.id, minor, salt), actor=actor)
        await deciding.advance(db, trade, lot, now=now, actor=actor)
        await db.flush()
        return lot_view(lot, now)
