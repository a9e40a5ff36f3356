"""Queries about the panel of a lot, its sheets and its opened marks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.trading.lifecycle import LotState, LotStep, PanelSeatState
from techmarket.trading.panel.sheets import points_in
from techmarket.trading.tables import Lot, LotScores, PanelSeat, ScoreSheet


async def panel_of(db: AsyncSession, lot_id: UUID) -> Sequence[PanelSeat]:
    query = select(PanelSeat).where(PanelSeat.lot_id == lot_id).order_by(PanelSeat.n)
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def find_panel_seat(db: AsyncSession, lot_id: UUID, person_id: UUID) -> PanelSeat | None:
    """The expert's seat; the lot is locked by whoever changes it."""
    return await db.get(PanelSeat, (lot_id, person_id), populate_existing=True)


async def count_seated(db: AsyncSession, lot_id: UUID) -> int:
    query = select(func.count()).where(PanelSeat.lot_id == lot_id, PanelSeat.state == PanelSeatState.SEATED)
    return (await db.execute(query)).scalar_one()


async def sheets_of(db: AsyncSession, lot_id: UUID) -> Sequence[ScoreSheet]:
    """The sheets given, in the order of the experts' numbers, without those of experts who left."""
    query = (
        select(ScoreSheet)
        .join(PanelSeat, (PanelSeat.lot_id == ScoreSheet.lot_id) & (PanelSeat.person_id == ScoreSheet.person_id))
        .where(ScoreSheet.lot_id == lot_id, PanelSeat.state == PanelSeatState.SEATED)
        .order_by(PanelSeat.n)
    )
    return (await db.execute(query)).scalars().all()


async def find_scores(db: AsyncSession, lot_id: UUID) -> LotScores | None:
    return await db.get(LotScores, lot_id)


async def panel_points(db: AsyncSession, lot_id: UUID) -> dict[int, dict[str, Decimal]]:
    """The panel's points of each proposal by criterion, once all marks are open."""
    found = await find_scores(db, lot_id)
    return {} if found is None else points_in(await texts.get(db, found.document_sha256))


async def list_scores_due(db: AsyncSession, limit: int) -> Sequence[UUID]:
    """Lots whose panel has had its time."""
    query = (
        select(Lot.id)
        .where(Lot.state == LotState.EVALUATING, Lot.step == LotStep.SCORES, Lot.step_due_at <= func.market_now())
        .order_by(Lot.step_due_at)
        .limit(limit)
    )
    return (await db.execute(query)).scalars().all()


async def experts_of(db: AsyncSession, lot_ids: Collection[UUID]) -> dict[tuple[UUID, int], tuple[UUID, UUID]]:
    query = select(PanelSeat.lot_id, PanelSeat.n, PanelSeat.org_id, PanelSeat.person_id)
    rows = await db.execute(query.where(PanelSeat.lot_id.in_(set(lot_ids))))
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}
