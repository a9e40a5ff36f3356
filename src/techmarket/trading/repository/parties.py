"""The queries of participants, their seats and their deposits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.trading.lifecycle import SeatState
from techmarket.trading.tables import Award, Deposit, Lot, Participant, Seat, Trade


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


async def seats_of(db: AsyncSession, trade_id: UUID) -> Sequence[Seat]:
    """Every seat of a trade, lot by lot."""
    query = select(Seat).join(Lot, Lot.id == Seat.lot_id).where(Lot.trade_id == trade_id).order_by(Lot.n, Seat.number)
    return (await db.execute(query)).scalars().all()


async def seats_of_participants(db: AsyncSession, participant_ids: Sequence[UUID]) -> Sequence[Seat]:
    query = (
        select(Seat)
        .join(Lot, Lot.id == Seat.lot_id)
        .where(Seat.participant_id.in_(participant_ids))
        .order_by(Lot.n)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def numbers_gone(db: AsyncSession, lot_id: UUID) -> set[int]:
    """The numbers of those who have left their seats on a lot."""
    query = select(Seat.number).where(Seat.lot_id == lot_id, Seat.state == SeatState.GONE)
    return set((await db.execute(query)).scalars())


async def ready_by_lot(db: AsyncSession, trade_id: UUID) -> dict[UUID, int]:
    """How many may bid on each lot for which somebody may."""
    query = (
        select(Seat.lot_id, func.count())
        .join(Lot, Lot.id == Seat.lot_id)
        .where(Lot.trade_id == trade_id, Seat.state == SeatState.READY)
        .group_by(Seat.lot_id)
    )
    return {row[0]: row[1] for row in (await db.execute(query)).all()}


async def numbers_shut_out(db: AsyncSession, lot_id: UUID) -> set[int]:
    """The numbers of those who were shut out of a lot before it was decided."""
    query = select(Seat.number).where(Seat.lot_id == lot_id, Seat.shut_out_at.is_not(None))
    return set((await db.execute(query)).scalars())


async def deposits_of(db: AsyncSession, participant_ids: Sequence[UUID]) -> Sequence[Deposit]:
    query = select(Deposit).where(Deposit.participant_id.in_(participant_ids)).order_by(Deposit.id)
    return (await db.execute(query)).scalars().all()


async def lock_deposits(db: AsyncSession, trade_id: UUID) -> Sequence[Deposit]:
    """Every deposit of a trade, after the trade is locked."""
    query = (
        select(Deposit)
        .join(Participant, Participant.id == Deposit.participant_id)
        .where(Participant.trade_id == trade_id)
        .order_by(Deposit.id)
        .with_for_update(of=Deposit)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def lock_deposit(db: AsyncSession, deposit_id: UUID) -> Deposit:
    query = select(Deposit).where(Deposit.id == deposit_id).with_for_update()
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one()


async def get_deposit(db: AsyncSession, deposit_id: UUID) -> Deposit:
    row = await db.get(Deposit, deposit_id)
    if row is None:
        raise NotFound()
    return row


async def find_deposit_by_due(db: AsyncSession, due_id: UUID) -> Deposit | None:
    return (await db.execute(select(Deposit).where(Deposit.due_id == due_id))).scalar_one_or_none()


async def find_backing(db: AsyncSession, participant_id: UUID, lot_id: UUID, *, lock: bool = True) -> Deposit | None:
    """The deposit that backs a participant's bids on a lot: the lot's own, or the one for the whole trade."""
    query = select(Deposit).where(
        Deposit.participant_id == participant_id, or_(Deposit.lot_id == lot_id, Deposit.lot_id.is_(None))
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await db.execute(query)).scalar_one_or_none()


async def sides_of(db: AsyncSession, participant_ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """For each participant everyone who stands behind it: bidder, buyer, members of a consortium."""
    rows = (await db.execute(select(Participant).where(Participant.id.in_(participant_ids)))).scalars()
    return {row.id: row.sides for row in rows}


async def sides_of_awards(db: AsyncSession, award_ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """For each award its seller and everyone who stands behind its buyer."""
    query = (
        select(Award.id, Participant, Trade.seller_org_id)
        .join(Participant, Participant.id == Award.participant_id)
        .join(Trade, Trade.id == Award.trade_id)
        .where(Award.id.in_(award_ids))
    )
    return {id: participant.sides | {seller} for id, participant, seller in await db.execute(query)}


async def sellers_of(db: AsyncSession, trade_ids: Collection[UUID], lot_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Who sells in each of these trades, and on each of these lots."""
    trades = select(Trade.id, Trade.seller_org_id).where(Trade.id.in_(trade_ids))
    lots = select(Lot.id, Trade.seller_org_id).join(Trade, Trade.id == Lot.trade_id).where(Lot.id.in_(lot_ids))
    rows = await db.execute(trades.union_all(lots))
    return {row[0]: row[1] for row in rows}
