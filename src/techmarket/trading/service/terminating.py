"""A procedure is ended before anybody has signed (终结): by the operator, for a cause, or because the seller asks."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import Permission, require
from techmarket.notices import steps as notices
from techmarket.trading import awards, errors, policy, repository
from techmarket.trading.events import TerminationAsked, TerminationDeclined
from techmarket.trading.lifecycle import TRADE, ActKind, AwardState, TerminationCause
from techmarket.trading.service.qualifying import require_disinterested
from techmarket.trading.service.showing import act_view, require_known, trade_view
from techmarket.trading.tables import Trade
from techmarket.trading.views import ActView, TradeView

TRIES = 5


class _OfferedMeanwhile(Exception):
    """An award was offered between the look at the awards and the lock of their trade."""


async def terminate(tx: Tx, actor: Actor, trade_id: UUID, *, cause: TerminationCause, reasons: str) -> TradeView:
    """The operator ends a procedure whose obstacle cannot be removed. Nothing of it once somebody has signed.

    Notices come down, offered awards are annulled, every deposit goes back and every seat is left, the listing is
    free: one commit.
    """
    require(actor, policy.TERMINATE)
    for _ in range(TRIES - 1):
        try:
            return await _terminate(tx, actor, trade_id, cause=cause, reasons=reasons)
        except _OfferedMeanwhile:
            continue
    return await _terminate(tx, actor, trade_id, cause=cause, reasons=reasons)


async def _terminate(tx: Tx, actor: Actor, trade_id: UUID, *, cause: TerminationCause, reasons: str) -> TradeView:
    async with tx.begin() as db:
        # Awards before their trade, as the last signature locks them: whichever comes first wins.
        offered = [await repository.lock_award(db, one) for one in await repository.offered_in(db, trade_id)]
        trade = await repository.lock_trade(db, trade_id)
        require_known(actor, trade)
        await require_disinterested(db, actor, trade)
        if set(await repository.offered_in(db, trade_id)) - {award.id for award in offered}:
            raise _OfferedMeanwhile()
        standing = [one.state for one in await repository.list_awards(db, trade_id)]
        if AwardState.CONCLUDED in standing:
            raise errors.SoldAlready()
        TRADE.move(trade.state, "terminate")
        if cause is TerminationCause.SELLERS_MOTION and not await repository.is_motion_open(db, trade_id):
            raise errors.NoMotion(pointer="/body/cause")
        now = await market_now(db)
        lots = await repository.lock_lots(db, trade.id)
        for award in offered:
            if award.state is AwardState.OFFERED:
                await awards.annul(db, trade, award, cause="trade_terminated", now=now, actor=actor)
                if award.notice_id is not None:
                    await notices.withdraw(db, award.notice_id, actor)
        if trade.notice_id is not None:
            await notices.withdraw(db, trade.notice_id, actor)
        await awards.terminate(db, trade, cause=cause.value, now=now, actor=actor)
        await repository.add_act(
            db, trade, ActKind.TERMINATED, cause=cause.value, reasons=reasons, actor=actor, now=now
        )
        return await trade_view(db, trade, lots, now)


async def ask_termination(tx: Tx, actor: Actor, trade_id: UUID, *, reasons: str) -> ActView:
    """The seller asks the market to end its procedure and says why; it cannot end it alone, for others rely on it."""
    async with tx.begin() as db:
        trade = await _lock_stoppable(db, actor, trade_id, policy.ASK_TERMINATION)
        if await repository.is_motion_open(db, trade_id):
            raise errors.MotionWaits()
        journal.record(db, TerminationAsked(trade.id), actor=actor)
        await repository.add_act(
            db, trade, ActKind.TERMINATION_ASKED, reasons=reasons, actor=actor, now=await market_now(db)
        )
        return act_view((await repository.list_acts(db, trade_id))[-1])


async def decline_termination(tx: Tx, actor: Actor, trade_id: UUID, *, reasons: str) -> ActView:
    """The operator lets the procedure go on, and tells the seller why."""
    async with tx.begin() as db:
        trade = await _lock_stoppable(db, actor, trade_id, policy.TERMINATE)
        await require_disinterested(db, actor, trade)
        if not await repository.is_motion_open(db, trade_id):
            raise errors.NoMotion()
        journal.record(db, TerminationDeclined(trade.id), actor=actor)
        await repository.add_act(
            db, trade, ActKind.TERMINATION_DECLINED, reasons=reasons, actor=actor, now=await market_now(db)
        )
        return act_view((await repository.list_acts(db, trade_id))[-1])


async def _lock_stoppable(db: AsyncSession, actor: Actor, trade_id: UUID, wanted: Permission) -> Trade:
    trade = await repository.lock_trade(db, trade_id)
    require_known(actor, trade)
    require(actor, wanted, parties=[trade.seller_org_id])
    TRADE.move(trade.state, "terminate")
    return trade


async def list_acts(tx: Tx, actor: Actor, trade_id: UUID) -> Sequence[ActView]:
    """What was done to a procedure, in order, with reasons: for everyone who may read the trade."""
    async with tx.read() as db:
        require_known(actor, await repository.get_trade(db, trade_id))
        return [act_view(act) for act in await repository.list_acts(db, trade_id)]
