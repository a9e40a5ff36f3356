"""Listings that could not be indexed: every query."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.matching.tables import SearchSetAside

TROUBLE_MAX = 200
COUNTED_MAX = 100_000


class SetAside(NamedTuple):
    """A listing that could not be indexed, since when, and what kept it out."""

    listing_id: UUID
    since: datetime
    tries: int
    trouble: str


async def note(db: AsyncSession, done: Collection[UUID], failed: Mapping[UUID, str]) -> None:
    """Of these listings those that failed are set aside, and the others are no longer."""
    over = [id for id in done if id not in failed]
    await db.execute(delete(SearchSetAside).where(SearchSetAside.listing_id.in_(over)))
    if failed:
        rows = [{"listing_id": id, "trouble": trouble[:TROUBLE_MAX]} for id, trouble in failed.items()]
        statement = insert(SearchSetAside).values(rows)
        again = {"tries": SearchSetAside.tries + 1, "trouble": statement.excluded.trouble}
        await db.execute(statement.on_conflict_do_update(index_elements=["listing_id"], set_=again))


async def count(db: AsyncSession) -> int:
    some = select(SearchSetAside.listing_id).limit(COUNTED_MAX).subquery()
    return (await db.execute(select(func.count()).select_from(some))).scalar_one()


async def list_first(db: AsyncSession, limit: int) -> list[SetAside]:
    """Those that have been set aside longest."""
    query = select(
        SearchSetAside.listing_id, SearchSetAside.since, SearchSetAside.tries, SearchSetAside.trouble
    ).order_by(SearchSetAside.since, SearchSetAside.listing_id)
    return [SetAside(*row) for row in await db.execute(query.limit(limit))]
