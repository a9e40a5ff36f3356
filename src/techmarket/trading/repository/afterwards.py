"""The queries of what comes after the session: final bids, first refusals."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.trading.first_refusal import Holder
from techmarket.trading.lifecycle import SeatState
from techmarket.trading.tables import FinalBid, FirstRefusalClaim, Seat


async def final_bids_of(db: AsyncSession, lot_id: UUID) -> Sequence[FinalBid]:
    query = select(FinalBid).where(FinalBid.lot_id == lot_id).order_by(FinalBid.number)
    return (await db.execute(query)).scalars().all()


async def claims_of(db: AsyncSession, participant_ids: Sequence[UUID]) -> Sequence[FirstRefusalClaim]:
    query = (
        select(FirstRefusalClaim)
        .where(FirstRefusalClaim.participant_id.in_(participant_ids))
        .order_by(FirstRefusalClaim.lot_id)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def claims_on(db: AsyncSession, lot_id: UUID) -> Sequence[FirstRefusalClaim]:
    """After the lot is locked: nobody else changes its claims meanwhile."""
    query = (
        select(FirstRefusalClaim)
        .where(FirstRefusalClaim.lot_id == lot_id)
        .order_by(FirstRefusalClaim.number)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def find_claim(db: AsyncSession, lot_id: UUID, participant_id: UUID) -> FirstRefusalClaim | None:
    """After the lot is locked."""
    query = select(FirstRefusalClaim).where(
        FirstRefusalClaim.lot_id == lot_id, FirstRefusalClaim.participant_id == participant_id
    )
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def holders_of(db: AsyncSession, lot_id: UUID) -> list[Holder]:
    """Who claims a first refusal on a lot and stands ready to buy; claims are counted in the order they came."""
    query = (
        select(FirstRefusalClaim)
        .join(Seat, Seat.participant_id == FirstRefusalClaim.participant_id)
        .where(FirstRefusalClaim.lot_id == lot_id, Seat.lot_id == lot_id, Seat.state == SeatState.READY)
        .order_by(FirstRefusalClaim.claimed_at, FirstRefusalClaim.participant_id)
    )
    rows = (await db.execute(query)).scalars().all()
    return [Holder(row.number, row.share, n, row.state) for n, row in enumerate(rows)]
