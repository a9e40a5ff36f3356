"""Queries about the offers of a negotiation."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.trading.lifecycle import OfferState, SeatState
from techmarket.trading.methods import Candidate
from techmarket.trading.tables import Participant, Seat, TalkOffer


async def get_offer(db: AsyncSession, offer_id: UUID) -> TalkOffer:
    row = await db.get(TalkOffer, offer_id)
    if row is None:
        raise NotFound()
    return row


async def lock_offer(db: AsyncSession, offer_id: UUID) -> TalkOffer:
    query = select(TalkOffer).where(TalkOffer.id == offer_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def last_offer(db: AsyncSession, lot_id: UUID, participant_id: UUID) -> TalkOffer | None:
    """The latest word of this talk; the lot is locked by the caller."""
    query = (
        select(TalkOffer)
        .where(TalkOffer.lot_id == lot_id, TalkOffer.participant_id == participant_id)
        .order_by(TalkOffer.n.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def list_offers(db: AsyncSession, lot_id: UUID, participant_id: UUID | None) -> Sequence[TalkOffer]:
    """The offers of one talk, or of every talk about the lot, in the order made."""
    query = select(TalkOffer).where(TalkOffer.lot_id == lot_id).order_by(TalkOffer.id)
    if participant_id is not None:
        query = query.where(TalkOffer.participant_id == participant_id)
    return (await db.execute(query)).scalars().all()


async def accepted_offer(db: AsyncSession, lot_id: UUID) -> list[Candidate]:
    """Whose offer was accepted, if one was."""
    query = (
        select(Participant.number, TalkOffer.minor)
        .join(Participant, Participant.id == TalkOffer.participant_id)
        .where(TalkOffer.lot_id == lot_id, TalkOffer.state == OfferState.ACCEPTED)
    )
    return [Candidate(row[0], row[1]) for row in await db.execute(query)]


async def count_ready(db: AsyncSession, lot_id: UUID) -> int:
    query = select(func.count()).select_from(Seat).where(Seat.lot_id == lot_id, Seat.state == SeatState.READY)
    return (await db.execute(query)).scalar_one()
