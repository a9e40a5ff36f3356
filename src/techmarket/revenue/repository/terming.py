"""Queries about the deadlines of rewards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.revenue.lifecycle import DistributionState
from techmarket.revenue.tables import Distribution, Income, RewardTerm


def _is_open() -> ColumnElement[bool]:
    """Income whose reward is not all paid, and that counts."""
    paid = select(Distribution.id).where(Distribution.state == DistributionState.PAID)
    return and_(
        Income.withdrawn_at.is_(None), or_(Income.distribution_id.is_(None), Income.distribution_id.not_in(paid))
    )


async def lock_due(db: AsyncSession, today: date, *, limit: int) -> Sequence[RewardTerm]:
    """Open terms that are to be told of now: their alert has come and was not given, or their day has passed."""
    told = or_(
        and_(RewardTerm.alerted_at.is_(None), RewardTerm.alert_on <= today),
        and_(RewardTerm.passed_at.is_(None), RewardTerm.ends_on < today),
    )
    query = (
        select(RewardTerm)
        .join(Income, Income.id == RewardTerm.income_id)
        .where(told, _is_open())
        .order_by(RewardTerm.ends_on, RewardTerm.income_id)
        .limit(limit)
        .with_for_update(of=RewardTerm, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def list_open(
    db: AsyncSession, *, unit_id: UUID | None, after: tuple[date, UUID] | None, limit: int
) -> Sequence[tuple[RewardTerm, Income]]:
    query = (
        select(RewardTerm, Income)
        .join(Income, Income.id == RewardTerm.income_id)
        .where(_is_open())
        .order_by(RewardTerm.ends_on, RewardTerm.income_id, RewardTerm.name)
        .limit(limit)
    )
    if unit_id is not None:
        query = query.where(RewardTerm.unit_id == unit_id)
    if after is not None:
        query = query.where(tuple_(RewardTerm.ends_on, RewardTerm.income_id) > after)
    return [(row[0], row[1]) for row in await db.execute(query)]
