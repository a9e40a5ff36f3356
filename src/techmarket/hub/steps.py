"""What the workbench may ask of hub inside its own transaction."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.hub import repository
from techmarket.hub.repository import feed_head

__all__ = ["audiences_of", "feed_head"]


async def audiences_of(db: AsyncSession, positions: Collection[int]) -> dict[int, list[UUID]]:
    """The organisations that were told of these entries, by position; everyone is none of them."""
    return await repository.audiences_of(db, positions)
