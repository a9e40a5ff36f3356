"""Queries about units' own rules on sharing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.revenue.lifecycle import UnitRuleState
from techmarket.revenue.tables import UnitRule

ADOPTED = (UnitRuleState.IN_FORCE, UnitRuleState.ENDED)


async def lock(db: AsyncSession, rule_id: UUID) -> UnitRule:
    query = select(UnitRule).where(UnitRule.id == rule_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_of(db: AsyncSession, unit_id: UUID) -> Sequence[UnitRule]:
    """All rules of a unit in their order."""
    query = select(UnitRule).where(UnitRule.unit_id == unit_id).order_by(UnitRule.n)
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def find_in_force(db: AsyncSession, unit_id: UUID) -> UnitRule | None:
    query = select(UnitRule).where(UnitRule.unit_id == unit_id, UnitRule.state == UnitRuleState.IN_FORCE)
    return (await db.execute(query.with_for_update())).scalar_one_or_none()


async def find_on(db: AsyncSession, unit_id: UUID, day: date) -> UnitRule | None:
    """The adopted rule that holds on the day; the day that ends one is the first of the next."""
    query = (
        select(UnitRule)
        .where(
            UnitRule.unit_id == unit_id,
            UnitRule.state.in_(ADOPTED),
            UnitRule.effective_from <= day,
            or_(UnitRule.effective_to.is_(None), UnitRule.effective_to > day),
        )
        .order_by(UnitRule.n.desc())
        .limit(1)
    )
    return (await db.execute(query)).scalar_one_or_none()


_RESTING = text("""
SELECT count(*) FROM share_table JOIN text USING (sha256)
WHERE unit_id = :unit_id AND share_table.state IN ('SIGNING', 'SIGNED')
  AND convert_from(body, 'UTF8')::jsonb #>> '{table,basis}' = 'REWARD'
  AND convert_from(body, 'UTF8')::jsonb #>> '{table,rate}' IS NULL
""")


async def count_resting_on_a_rule(db: AsyncSession, unit_id: UUID) -> int:
    """The unit's tables that are signed, or open for it, and leave the rate to the rule of the day."""
    return int((await db.execute(_RESTING, {"unit_id": unit_id})).scalar_one())
