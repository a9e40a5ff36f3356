"""The queries of awards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.trading.lifecycle import AwardState
from techmarket.trading.repository.floor import NEVER
from techmarket.trading.repository.trades import Due
from techmarket.trading.tables import Award


async def list_due_to_lapse(db: AsyncSession, *, after: Due | None = None, limit: int) -> Sequence[Due]:
    """Those without a deadline come last: whether they have one by now has to be counted anew."""
    at = func.coalesce(Award.sign_by, NEVER)
    query = (
        select(at, Award.id)
        .where(Award.state == AwardState.OFFERED, or_(Award.sign_by.is_(None), Award.sign_by <= func.market_now()))
        .order_by(at, Award.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(at, Award.id) > (after.at, after.id))
    return [Due(*row) for row in (await db.execute(query)).all()]


async def lock_award(db: AsyncSession, award_id: UUID) -> Award:
    query = select(Award).where(Award.id == award_id).with_for_update(key_share=True)
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_award(db: AsyncSession, award_id: UUID) -> Award:
    row = await db.get(Award, award_id)
    if row is None:
        raise NotFound()
    return row


async def list_awards(db: AsyncSession, trade_id: UUID) -> Sequence[Award]:
    query = select(Award).where(Award.trade_id == trade_id).order_by(Award.lot_id, Award.rank)
    return (await db.execute(query)).scalars().all()


async def lock_waiting_awards(db: AsyncSession, participant_id: UUID) -> Sequence[Award]:
    """Wherever this participant still waits as a runner-up."""
    query = (
        select(Award)
        .where(Award.participant_id == participant_id, Award.state == AwardState.WAITING)
        .order_by(Award.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def offered_to(db: AsyncSession, participant_id: UUID) -> Sequence[UUID]:
    """The lots' awards this participant is being offered, in id order."""
    query = (
        select(Award.id)
        .where(Award.participant_id == participant_id, Award.state == AwardState.OFFERED)
        .order_by(Award.id)
    )
    return (await db.execute(query)).scalars().all()


async def lock_waiting_award(db: AsyncSession, lot_id: UUID) -> Award | None:
    """The lot's runner-up who still waits."""
    query = (
        select(Award)
        .where(Award.lot_id == lot_id, Award.state == AwardState.WAITING)
        .order_by(Award.rank)
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def trades_of_awards(db: AsyncSession, award_ids: Collection[UUID]) -> dict[UUID, UUID]:
    rows = await db.execute(select(Award.id, Award.trade_id).where(Award.id.in_(award_ids)))
    return {row.id: row.trade_id for row in rows}
