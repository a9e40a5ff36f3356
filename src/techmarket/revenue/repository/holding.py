"""Queries about holds on single shares."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.revenue.lifecycle import LIVE_HOLDS
from techmarket.revenue.tables import ShareHold


async def get(db: AsyncSession, hold_id: UUID) -> ShareHold:
    row = await db.get(ShareHold, hold_id, populate_existing=True)
    if row is None:
        raise NotFound()
    return row


async def get_many(db: AsyncSession, hold_ids: Collection[UUID]) -> Sequence[ShareHold]:
    if not hold_ids:
        return []
    return (await db.execute(select(ShareHold).where(ShareHold.id.in_(set(hold_ids))))).scalars().all()


async def list_of_table(db: AsyncSession, table_id: UUID, *, person_id: UUID | None = None) -> Sequence[ShareHold]:
    """Every hold under a table, oldest first; with `person_id` only hers."""
    query = select(ShareHold).where(ShareHold.share_table_id == table_id).order_by(ShareHold.id)
    if person_id is not None:
        query = query.where(ShareHold.person_id == person_id)
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def find_live(db: AsyncSession, table_id: UUID, person_id: UUID) -> ShareHold | None:
    query = select(ShareHold).where(
        ShareHold.share_table_id == table_id, ShareHold.person_id == person_id, ShareHold.state.in_(LIVE_HOLDS)
    )
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
