"""The queries of trades, their lots and the public record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, case, cast, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from techmarket.kernel.refusals import NotFound
from techmarket.trading.lifecycle import LotState, LotStep, Method, TradeState
from techmarket.trading.methods import Candidate
from techmarket.trading.relisting import Procedure
from techmarket.trading.rules import LEADING
from techmarket.trading.tables import BidRow, ConsortiumMember, Lot, Participant, Seat, Trade, TradeNumber


class Due(NamedTuple):
    """What the clock has to look at, and since when."""

    at: datetime
    id: UUID


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


async def procedures_of(
    db: AsyncSession, seller: UUID, listing_id: UUID, achievement_ids: Iterable[UUID]
) -> list[Procedure]:
    """The seller's announced procedures on a listing or on any of these achievements, the newest first."""
    touches = or_(
        Trade.listing_id == listing_id, Trade.achievement_ids.bool_op("&&")(cast(list(achievement_ids), ARRAY(Uuid)))
    )
    query = select(Trade).where(Trade.seller_org_id == seller, Trade.notice_id.is_not(None), touches)
    trades = (await db.execute(query.order_by(Trade.id.desc()))).scalars().all()
    lots: dict[UUID, list[Lot]] = {trade.id: [] for trade in trades}
    for lot in (await db.execute(select(Lot).where(Lot.trade_id.in_(lots)))).scalars():
        lots[lot.trade_id].append(lot)
    return [
        Procedure(
            trade.id,
            trade.listing_id,
            trade.state,
            tuple(
                (lot.state, frozenset(map(UUID, lot.achievement_ids) if lot.achievement_ids else trade.achievement_ids))
                for lot in lots[trade.id]
            ),
        )
        for trade in trades
    ]


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
    of_listing: UUID | None = None,
    among: Collection[UUID] | None = None,
    after: UUID | None,
    limit: int,
) -> list[tuple[Trade, Sequence[Lot]]]:
    """Trades with their lots, newest first; those not yet announced only for their seller and the market."""
    query = select(Trade).order_by(Trade.id.desc()).limit(limit)
    if not sees_all:
        query = query.where(or_(Trade.state.not_in(HIDDEN), Trade.seller_org_id == reader_org))
    if mine:
        taking_part = select(Participant.trade_id).where(
            or_(
                Participant.org_id == reader_org,
                Participant.principal_org_id == reader_org,
                Participant.members.any(ConsortiumMember.org_id == reader_org),
            )
        )
        query = query.where(or_(Trade.seller_org_id == reader_org, Trade.id.in_(taking_part)))
    if state is not None:
        query = query.where(Trade.state == state)
    if of_listing is not None:
        query = query.where(Trade.listing_id == of_listing)
    if among is not None:
        query = query.where(Trade.id.in_(among))
    if after is not None:
        query = query.where(Trade.id < after)
    trades = (await db.execute(query)).scalars().all()
    found = await db.execute(select(Lot).where(Lot.trade_id.in_([trade.id for trade in trades])).order_by(Lot.n))
    lots: dict[UUID, list[Lot]] = {trade.id: [] for trade in trades}
    for lot in found.scalars():
        lots[lot.trade_id].append(lot)
    return [(trade, lots[trade.id]) for trade in trades]


async def find_by_number(db: AsyncSession, number: str) -> Trade | None:
    return (await db.execute(select(Trade).where(Trade.number == number))).scalar_one_or_none()


async def lots_of(db: AsyncSession, trade_id: UUID) -> Sequence[Lot]:
    """The lots of a trade in the order announced."""
    return (await db.execute(select(Lot).where(Lot.trade_id == trade_id).order_by(Lot.n))).scalars().all()


async def lock_lots(db: AsyncSession, trade_id: UUID) -> list[Lot]:
    """Every lot of a trade, locked in id order as the bid book locks them; in the order announced."""
    query = select(Lot).where(Lot.trade_id == trade_id).order_by(Lot.id).with_for_update()
    rows = (await db.execute(query.execution_options(populate_existing=True))).scalars().all()
    return sorted(rows, key=lambda lot: lot.n)


async def lock_lot(db: AsyncSession, lot_id: UUID) -> Lot:
    query = select(Lot).where(Lot.id == lot_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_lot(db: AsyncSession, lot_id: UUID) -> Lot:
    row = await db.get(Lot, lot_id)
    if row is None:
        raise NotFound()
    return row


async def find_lot(db: AsyncSession, lot_id: UUID) -> tuple[Lot, Trade]:
    query = select(Lot, Trade).join(Trade, Trade.id == Lot.trade_id).where(Lot.id == lot_id)
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise NotFound()
    return row[0], row[1]


async def due_by(
    db: AsyncSession,
    at: InstrumentedAttribute[datetime | None],
    *where: ColumnElement[bool],
    after: Due | None,
    limit: int,
) -> Sequence[Due]:
    """The rows that match and are due by this time, a page by what was due first."""
    row_id = at.class_.id
    query = select(at, row_id).where(*where, at <= func.market_now()).order_by(at, row_id).limit(limit)
    if after is not None:
        query = query.where(tuple_(at, row_id) > (after.at, after.id))
    return [Due(*row) for row in (await db.execute(query)).all()]


async def list_due_to_open(db: AsyncSession, *, after: Due | None = None, limit: int) -> Sequence[Due]:
    return await due_by(db, Trade.bidding_opens_at, Trade.state == TradeState.ANNOUNCED, after=after, limit=limit)


async def list_due_to_go_on(db: AsyncSession, *, after: Due | None = None, limit: int) -> Sequence[Due]:
    """Those whose told hour has come, and those without one: how long these may stand is for the rulebook."""
    at = func.coalesce(Lot.resumes_at, Lot.paused_at)
    query = select(at, Lot.id).where(Lot.state == LotState.PAUSED, at <= func.market_now())
    if after is not None:
        query = query.where(tuple_(at, Lot.id) > (after.at, after.id))
    return [Due(*row) for row in (await db.execute(query.order_by(at, Lot.id).limit(limit))).all()]


async def list_due_to_close(db: AsyncSession, *, after: Due | None = None, limit: int) -> Sequence[Due]:
    return await due_by(db, Lot.effective_end, Lot.state == LotState.OPEN, after=after, limit=limit)


async def list_due_steps(db: AsyncSession, *, after: Due | None = None, limit: int) -> Sequence[Due]:
    """Evaluating lots whose step the clock now decides; a panel's marks are opened with the market's key."""
    return await due_by(
        db,
        Lot.step_due_at,
        Lot.state == LotState.EVALUATING,
        Lot.step != LotStep.SCORES,
        after=after,
        limit=limit,
    )


async def list_waiting_for_calendar(db: AsyncSession) -> Sequence[UUID]:
    """Closed lots whose award could not be published, for a year had no holidays yet."""
    query = select(Lot.id).where(Lot.state == LotState.EVALUATING, Lot.step == LotStep.CALENDAR).order_by(Lot.id)
    return (await db.execute(query)).scalars().all()


async def list_bids(db: AsyncSession, lot_id: UUID, *, after: int, limit: int) -> Sequence[BidRow]:
    query = select(BidRow).where(BidRow.lot_id == lot_id, BidRow.seq > after).order_by(BidRow.seq).limit(limit)
    return (await db.execute(query)).scalars().all()


async def best_bids(db: AsyncSession, lot_id: UUID) -> list[Candidate]:
    """Each bidder's best accepted bid: his last, since accepted bids only rise. A falling price is as of then."""
    price = case((Lot.method == Method.DESCENDING, BidRow.least_minor), else_=BidRow.minor)
    query = (
        select(BidRow.bidder, func.max(price), func.max(BidRow.seq), func.bool_or(Seat.first_refusal))
        .join(Lot, Lot.id == BidRow.lot_id)
        .join(Seat, (Seat.lot_id == BidRow.lot_id) & (Seat.number == BidRow.bidder))
        .where(BidRow.lot_id == lot_id, BidRow.verdict == LEADING)
        .group_by(BidRow.bidder)
    )
    return [Candidate(row[0], row[1], row[2], first_refusal=row[3]) for row in (await db.execute(query)).all()]
