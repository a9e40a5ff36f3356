"""What runs now, for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.trading.lifecycle import LotState, SeatState
from techmarket.trading.tables import Lot, Seat, Trade

RUNNING = (LotState.OPEN, LotState.PAUSED, LotState.EVALUATING)
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""Where what has no deadline stands in the order."""


@dataclass(frozen=True, slots=True)
class FloorRow:
    lot: Lot
    trade: Trade
    ready: int
    due: datetime


async def list_floor(db: AsyncSession, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[FloorRow]:
    """Lots that are open, paused or under evaluation, by what is due first; then those that wait for a person."""
    due = func.coalesce(
        case(
            (Lot.state == LotState.OPEN, Lot.effective_end),
            (Lot.state == LotState.PAUSED, Lot.resumes_at),
            else_=Lot.step_due_at,
        ),
        NEVER,
    )
    ready = (
        select(func.count())
        .where(Seat.lot_id == Lot.id, Seat.state == SeatState.READY)
        .correlate(Lot)
        .scalar_subquery()
    )
    query = (
        select(Lot, Trade, ready, due)
        .join(Trade, Trade.id == Lot.trade_id)
        .where(Lot.state.in_(RUNNING))
        .order_by(due, Lot.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(due, Lot.id) > after)
    return [FloorRow(*row) for row in (await db.execute(query)).all()]
