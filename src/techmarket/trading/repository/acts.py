"""The queries of what is done to an announced procedure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.identity.actor import Actor
from techmarket.trading.lifecycle import ActKind, AwardState, ParticipantState, SeatState, TradeState
from techmarket.trading.repository.trades import Due, due_by
from techmarket.trading.tables import Award, Lot, Participant, Seat, Trade, TradeAct


async def add_act(
    db: AsyncSession,
    trade: Trade,
    act: ActKind,
    *,
    cause: str | None = None,
    reasons: str | None,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Write down an act on a locked trade, with the times that hold after it."""
    last = (await db.execute(select(func.max(TradeAct.n)).where(TradeAct.trade_id == trade.id))).scalar_one()
    db.add(
        TradeAct(
            trade_id=trade.id,
            n=(last or 0) + 1,
            act=act,
            cause=cause,
            reasons=reasons,
            by_person_id=actor.person_id if actor else None,
            at=now,
            announcement_ends_at=trade.announcement_ends_at,
            bidding_opens_at=trade.bidding_opens_at,
        )
    )
    await db.flush()


async def list_acts(db: AsyncSession, trade_id: UUID) -> Sequence[TradeAct]:
    return (
        (await db.execute(select(TradeAct).where(TradeAct.trade_id == trade_id).order_by(TradeAct.n))).scalars().all()
    )


async def is_motion_open(db: AsyncSession, trade_id: UUID) -> bool:
    """Whether the seller has asked for the end and has had no answer yet."""
    query = (
        select(TradeAct.act)
        .where(
            TradeAct.trade_id == trade_id,
            TradeAct.act.in_((ActKind.TERMINATION_ASKED, ActKind.TERMINATION_DECLINED)),
        )
        .order_by(TradeAct.n.desc())
        .limit(1)
    )
    return (await db.execute(query)).scalar_one_or_none() is ActKind.TERMINATION_ASKED


async def qualified_by_lot(db: AsyncSession, trade_id: UUID) -> dict[UUID, int]:
    """How many qualified participants hold a seat on each lot; their deposits may still be under way."""
    query = (
        select(Lot.id, func.count(Participant.id))
        .outerjoin(Seat, (Seat.lot_id == Lot.id) & (Seat.state != SeatState.GONE))
        .outerjoin(
            Participant, (Participant.id == Seat.participant_id) & (Participant.state == ParticipantState.QUALIFIED)
        )
        .where(Lot.trade_id == trade_id)
        .group_by(Lot.id)
    )
    return {row[0]: row[1] for row in (await db.execute(query)).all()}


async def offered_in(db: AsyncSession, trade_id: UUID) -> Sequence[UUID]:
    """The awards of a trade that are being offered, in id order."""
    query = select(Award.id).where(Award.trade_id == trade_id, Award.state == AwardState.OFFERED).order_by(Award.id)
    return (await db.execute(query)).scalars().all()


async def list_announced(db: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[UUID]:
    query = select(Trade.id).where(Trade.state == TradeState.ANNOUNCED).order_by(Trade.id).limit(limit)
    if after is not None:
        query = query.where(Trade.id > after)
    return (await db.execute(query)).scalars().all()


async def list_due_to_extend(db: AsyncSession, *, after: Due | None, limit: int) -> Sequence[Due]:
    return await due_by(db, Trade.extension_look_at, Trade.state == TradeState.ANNOUNCED, after=after, limit=limit)


async def list_due_to_resume(db: AsyncSession, *, after: Due | None, limit: int) -> Sequence[Due]:
    return await due_by(db, Trade.resume_by, Trade.state == TradeState.ANNOUNCED, after=after, limit=limit)
