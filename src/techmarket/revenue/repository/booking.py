"""Queries about income and costs of one unit, from a contract or an achievement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.revenue.case import Mode
from techmarket.revenue.incomes import Entered, Subject
from techmarket.revenue.tables import Cost, Income


def _about(table: Any, subject: Subject) -> ColumnElement[bool]:
    if subject.contract_id is not None:
        return table.contract_id == subject.contract_id  # type: ignore[no-any-return]
    return table.achievement_id == subject.achievement_id  # type: ignore[no-any-return]


async def list_income(db: AsyncSession, subject: Subject, unit_id: UUID | None) -> Sequence[Income]:
    """A unit's income of the subject, or every unit's."""
    query = select(Income).where(_about(Income, subject)).order_by(Income.received_on, Income.id)
    if unit_id is not None:
        query = query.where(Income.unit_id == unit_id)
    return (await db.execute(query)).scalars().all()


async def list_costs(db: AsyncSession, subject: Subject, unit_id: UUID | None) -> Sequence[Cost]:
    query = select(Cost).where(_about(Cost, subject)).order_by(Cost.incurred_on, Cost.id)
    if unit_id is not None:
        query = query.where(Cost.unit_id == unit_id)
    return (await db.execute(query)).scalars().all()


async def lock_income(db: AsyncSession, subject: Subject) -> Sequence[Income]:
    query = select(Income).where(_about(Income, subject), Income.unit_id == subject.unit_id).order_by(Income.id)
    return (await db.execute(query.with_for_update().execution_options(populate_existing=True))).scalars().all()


async def lock_one(db: AsyncSession, income_id: UUID) -> Income:
    query = select(Income).where(Income.id == income_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_open(db: AsyncSession, subject: Subject, mode: Mode, *, in_shares: bool) -> Sequence[Income]:
    """What no standing distribution has taken up, of one mode, in money or in shares; whoever comes second waits."""
    of_shares = Income.purpose == Entered.EQUITY.value
    query = (
        select(Income)
        .where(
            _about(Income, subject),
            Income.unit_id == subject.unit_id,
            Income.mode == mode,
            of_shares if in_shares else ~of_shares,
            Income.distribution_id.is_(None),
            Income.withdrawn_at.is_(None),
        )
        .order_by(Income.received_on, Income.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def lock_open_costs(db: AsyncSession, subject: Subject) -> Sequence[Cost]:
    query = (
        select(Cost)
        .where(
            _about(Cost, subject),
            Cost.unit_id == subject.unit_id,
            Cost.distribution_id.is_(None),
            Cost.withdrawn_at.is_(None),
        )
        .order_by(Cost.incurred_on, Cost.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def has_income(db: AsyncSession, contract_id: UUID, unit_id: UUID) -> bool:
    query = select(Income.id).where(Income.contract_id == contract_id, Income.unit_id == unit_id).limit(1)
    return (await db.execute(query)).first() is not None


async def list_of_due(db: AsyncSession, due_id: UUID) -> Sequence[Income]:
    return (await db.execute(select(Income).where(Income.due_id == due_id).order_by(Income.id))).scalars().all()


async def costs_of_due(db: AsyncSession, due_id: UUID) -> Sequence[Cost]:
    """The fee that was kept of a due, each unit's part."""
    return (await db.execute(select(Cost).where(Cost.due_id == due_id).order_by(Cost.id))).scalars().all()


async def list_of_contract(db: AsyncSession, contract_id: UUID) -> Sequence[Income]:
    query = select(Income).where(Income.contract_id == contract_id).order_by(Income.id)
    return (await db.execute(query)).scalars().all()
