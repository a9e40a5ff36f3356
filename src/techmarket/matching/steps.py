"""What the workbench may ask of matching inside its own transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.matching import alerts


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """A listing that fits a saved search, told under its number among its person's."""

    told: int
    id: UUID
    person_id: UUID
    org_id: UUID
    listing_id: UUID
    found_at: datetime


async def searchers_of(db: AsyncSession, search_ids: Collection[UUID]) -> set[UUID]:
    """Whose saved searches these are."""
    return await alerts.owners_of(db, search_ids)


async def told_alerts(db: AsyncSession, positions: Mapping[UUID, int]) -> list[ToldAlert]:
    """What each of these people was told beyond a number of his; the teller gives a person's numbers without a gap."""
    rows = await alerts.list_told_beyond(db, positions)
    return [
        ToldAlert(one.told or 0, one.id, one.person_id, search.org_id, one.listing_id, one.found_at)
        for one, search in rows
    ]
