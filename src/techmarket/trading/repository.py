"""Every query of trading but the batch of the bid book."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.trading.lifecycle import AwardState, BookState, ParticipantState, TradeState
from techmarket.trading.rules import LEADING, Best
from techmarket.trading.tables import Award, BidRow, Lot, Participant, Trade, TradeNumber

HIDDEN = (TradeState.DRAFT, TradeState.SUBMITTED, TradeState.RETURNED)


async def lock_trade(db: AsyncSession, trade_id: UUID) -> Trade:
    query = select(Trade).where(Trade.id == trade_id).with_for_update(key_share=True)
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def hold_trade(db: AsyncSession, trade_id: UUID) -> Trade:
    """The trade as it will stay until the caller commits; several may hold it."""
    query = select(Trade).where(Trade.id == trade_id).with_for_update(read=True)
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_trade(db: AsyncSession, trade_id: UUID) -> Trade:
    row = await db.get(Trade, trade_id)
    if row is None:
        raise NotFound()
    return row


async def next_number(db: AsyncSession, year: int) -> int:
    query = (
        insert(TradeNumber)
        .values(year=year, last=1)
        .on_conflict_do_update(index_elements=[TradeNumber.year], set_={"last": TradeNumber.last + 1})
        .returning(TradeNumber.last)
    )
    return (await db.execute(query)).scalar_one()


async def list_trades(
    db: AsyncSession,
    *,
    reader_org: UUID | None,
    sees_all: bool,
    mine: bool,
    state: TradeState | None,
    after: UUID | None,
    limit: int,
) -> Sequence[tuple[Trade, Lot]]:
    """Trades with their lots, newest first; those not yet announced only for their seller and the market."""
    query = select(Trade, Lot).join(Lot, Lot.trade_id == Trade.id).order_by(Trade.id.desc()).limit(limit)
    if not sees_all:
        query = query.where(or_(Trade.state.not_in(HIDDEN), Trade.seller_org_id == reader_org))
    if mine:
        taking_part = select(Participant.trade_id).where(Participant.org_id == reader_org)
        query = query.where(or_(Trade.seller_org_id == reader_org, Trade.id.in_(taking_part)))
    if state is not None:
        query = query.where(Trade.state == state)
    if after is not None:
        query = query.where(Trade.id < after)
    return [(row[0], row[1]) for row in (await db.execute(query)).all()]


async def lot_of(db: AsyncSession, trade_id: UUID) -> Lot:
    return (await db.execute(select(Lot).where(Lot.trade_id == trade_id))).scalar_one()


async def lock_lot_of(db: AsyncSession, trade_id: UUID) -> Lot:
    query = select(Lot).where(Lot.trade_id == trade_id).with_for_update()
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one()


async def find_lot(db: AsyncSession, lot_id: UUID) -> tuple[Lot, Trade]:
    query = select(Lot, Trade).join(Trade, Trade.id == Lot.trade_id).where(Lot.id == lot_id)
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise NotFound()
    return row[0], row[1]


async def list_due_to_open(db: AsyncSession, limit: int) -> Sequence[UUID]:
    query = (
        select(Trade.id)
        .where(Trade.state == TradeState.ANNOUNCED, Trade.bidding_opens_at <= func.market_now())
        .order_by(Trade.bidding_opens_at)
        .limit(limit)
    )
    return (await db.execute(query)).scalars().all()


async def list_due_to_close(db: AsyncSession, limit: int) -> Sequence[UUID]:
    query = (
        select(Lot.id)
        .where(Lot.state == BookState.OPEN, Lot.effective_end <= func.market_now())
        .order_by(Lot.effective_end)
        .limit(limit)
    )
    return (await db.execute(query)).scalars().all()


async def list_due_to_lapse(db: AsyncSession, limit: int) -> Sequence[UUID]:
    query = (
        select(Award.id)
        .where(Award.state == AwardState.OFFERED, or_(Award.sign_by.is_(None), Award.sign_by <= func.market_now()))
        .order_by(Award.sign_by)
        .limit(limit)
    )
    return (await db.execute(query)).scalars().all()


async def list_bids(db: AsyncSession, lot_id: UUID, *, after: int, limit: int) -> Sequence[BidRow]:
    query = select(BidRow).where(BidRow.lot_id == lot_id, BidRow.seq > after).order_by(BidRow.seq).limit(limit)
    return (await db.execute(query)).scalars().all()


async def best_bids(db: AsyncSession, lot_id: UUID) -> list[Best]:
    """Each bidder's best accepted bid: his last, since accepted bids only rise."""
    query = (
        select(BidRow.bidder, func.max(BidRow.minor), func.max(BidRow.seq))
        .where(BidRow.lot_id == lot_id, BidRow.verdict == LEADING)
        .group_by(BidRow.bidder)
    )
    return [Best(row[0], row[1], row[2]) for row in (await db.execute(query)).all()]


async def lock_participant(db: AsyncSession, participant_id: UUID) -> Participant:
    # Not FOR UPDATE: an entry of the bid book refers to this row and must not wait for it.
    query = select(Participant).where(Participant.id == participant_id).with_for_update(key_share=True)
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_participant(db: AsyncSession, participant_id: UUID) -> Participant:
    row = await db.get(Participant, participant_id)
    if row is None:
        raise NotFound()
    return row


async def find_participant(db: AsyncSession, trade_id: UUID, org_id: UUID) -> Participant | None:
    query = select(Participant).where(Participant.trade_id == trade_id, Participant.org_id == org_id)
    return (await db.execute(query)).scalar_one_or_none()


async def list_participants(db: AsyncSession, trade_id: UUID) -> Sequence[Participant]:
    query = select(Participant).where(Participant.trade_id == trade_id).order_by(Participant.id)
    return (await db.execute(query)).scalars().all()


async def lock_participants(db: AsyncSession, trade_id: UUID) -> Sequence[Participant]:
    query = (
        select(Participant)
        .where(Participant.trade_id == trade_id)
        .order_by(Participant.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def count_who_may_bid(db: AsyncSession, trade_id: UUID) -> int:
    """Participants who may bid, or will once their deposit is held."""
    query = (
        select(func.count())
        .select_from(Participant)
        .where(
            Participant.trade_id == trade_id,
            Participant.state.in_((ParticipantState.QUALIFIED, ParticipantState.READY)),
        )
    )
    return (await db.execute(query)).scalar_one()


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
    query = select(Award).where(Award.trade_id == trade_id).order_by(Award.rank)
    return (await db.execute(query)).scalars().all()


async def lock_waiting_award(db: AsyncSession, trade_id: UUID) -> Award | None:
    """The runner-up who still waits."""
    query = (
        select(Award)
        .where(Award.trade_id == trade_id, Award.state == AwardState.WAITING)
        .order_by(Award.rank)
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalar_one_or_none()
