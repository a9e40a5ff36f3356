"""What a unit received and distributed in money in a year, a page of contracts at a time: its own part alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.revenue.case import Group
from techmarket.revenue.incomes import Entered
from techmarket.revenue.lifecycle import DistributionState, LineState
from techmarket.revenue.tables import Distribution, DistributionLine, Income


async def received(
    db: AsyncSession, unit_id: UUID, contracts: Collection[UUID], first: date, last: date
) -> dict[UUID, int]:
    query = (
        select(Income.contract_id, func.sum(Income.minor))
        .where(
            Income.unit_id == unit_id,
            Income.contract_id.in_(contracts),
            Income.received_on.between(first, last),
            Income.purpose != Entered.EQUITY.value,
            Income.withdrawn_at.is_(None),
        )
        .group_by(Income.contract_id)
    )
    return {contract_id: int(minor) for contract_id, minor in await db.execute(query) if contract_id is not None}


async def distributed(
    db: AsyncSession, unit_id: UUID, contracts: Collection[UUID], since: datetime, before: datetime
) -> dict[UUID, tuple[int, int, int, int]]:
    """Costs, net income, reward and the unit's part of what stands, by contract."""
    query = (
        select(
            Distribution.contract_id,
            func.sum(Distribution.costs_minor),
            func.sum(Distribution.net_minor),
            func.sum(Distribution.reward_minor),
            func.sum(Distribution.unit_minor),
        )
        .where(
            Distribution.unit_id == unit_id,
            Distribution.contract_id.in_(contracts),
            ~Distribution.in_shares,
            Distribution.state != DistributionState.REVERSED,
            Distribution.created_at >= since,
            Distribution.created_at < before,
        )
        .group_by(Distribution.contract_id)
    )
    rows = await db.execute(query)
    return {row[0]: (int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows if row[0] is not None}


async def shares(
    db: AsyncSession, unit_id: UUID, contracts: Collection[UUID], since: datetime, before: datetime
) -> list[tuple[UUID, Group, int, int]]:
    """How many lines each group had of these distributions, and what they came to."""
    query = (
        select(Distribution.contract_id, DistributionLine.group, func.count(), func.sum(DistributionLine.minor))
        .join(Distribution, Distribution.id == DistributionLine.distribution_id)
        .where(
            Distribution.unit_id == unit_id,
            Distribution.contract_id.in_(contracts),
            ~Distribution.in_shares,
            Distribution.state != DistributionState.REVERSED,
            Distribution.created_at >= since,
            Distribution.created_at < before,
            DistributionLine.state != LineState.CANCELLED,
        )
        .group_by(Distribution.contract_id, DistributionLine.group)
    )
    return [(row[0], row[1], int(row[2]), int(row[3])) for row in await db.execute(query) if row[0] is not None]
