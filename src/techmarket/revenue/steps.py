"""What later rooms may ask of revenue inside their own transaction."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.revenue import repository
from techmarket.revenue.lifecycle import DistributionState


async def distribution_states(db: AsyncSession, contract_id: UUID) -> dict[UUID, DistributionState]:
    """The distributions of a contract and how far each is; amounts stay here, for they are not public."""
    rows = await repository.list_distributions(db, unit_id=None, contract_id=contract_id, before=None, limit=1_000)
    return {row.id: row.state for row in rows}
