"""What later rooms may ask of revenue inside their own transaction."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.revenue import repository
from techmarket.revenue.lifecycle import DistributionState


async def distribution_states(db: AsyncSession, contract_id: UUID) -> dict[UUID, DistributionState]:
    """The distributions of a contract and how far each is; amounts stay here, for they are not public."""
    rows = await repository.list_distributions(db, unit_id=None, contract_id=contract_id, before=None, limit=1_000)
    return {row.id: row.state for row in rows}


async def people_of_distributions(db: AsyncSession, ids: Collection[UUID]) -> dict[UUID, tuple[UUID, frozenset[UUID]]]:
    """The unit of each distribution and the people who have a line in it; what each gets stays here."""
    return await repository.people_of(db, ids)


async def people_of_lines(db: AsyncSession, ids: Collection[UUID]) -> dict[UUID, tuple[UUID, UUID]]:
    """The unit and the person of each line that is one person's."""
    return await repository.person_of_lines(db, ids)
