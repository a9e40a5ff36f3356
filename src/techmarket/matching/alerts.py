"""Saved searches and their alerts: every query."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, false, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.tiers import Tier
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound
from techmarket.matching.tables import SavedSearch, SearchAlert


async def lock_search(db: AsyncSession, search_id: UUID) -> SavedSearch:
    query = select(SavedSearch).where(SavedSearch.id == search_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def count_running(db: AsyncSession, person_id: UUID) -> int:
    query = select(func.count()).where(SavedSearch.person_id == person_id, SavedSearch.ended_at.is_(None))
    return (await db.execute(query)).scalar_one()


async def list_searches(
    db: AsyncSession, *, org_id: UUID, person_id: UUID, before: UUID | None, limit: int
) -> Sequence[SavedSearch]:
    query = (
        select(SavedSearch)
        .where(SavedSearch.org_id == org_id, SavedSearch.person_id == person_id, SavedSearch.ended_at.is_(None))
        .order_by(SavedSearch.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(SavedSearch.id < before)
    return (await db.execute(query)).scalars().all()


async def list_running(db: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[SavedSearch]:
    query = select(SavedSearch).where(SavedSearch.ended_at.is_(None)).order_by(SavedSearch.id).limit(limit)
    if after is not None:
        query = query.where(SavedSearch.id > after)
    return (await db.execute(query)).scalars().all()


async def put_alerts(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> int:
    """Alerts that are not there yet; a listing is told of once for each search, however often it changes."""
    if not rows:
        return 0
    statement = insert(SearchAlert).values([{"id": new_id(), **row} for row in rows])
    query = statement.on_conflict_do_nothing(index_elements=["search_id", "listing_id"]).returning(SearchAlert.id)
    return len((await db.execute(query)).all())


async def searchers_beyond(db: AsyncSession, now: datetime, tier: Tier) -> set[UUID]:
    """The organisations that are due to be told of what they found by text above a tier."""
    query = (
        select(SavedSearch.org_id)
        .join(SearchAlert, SearchAlert.search_id == SavedSearch.id)
        .where(SearchAlert.told.is_(None), SearchAlert.due_at <= now, SearchAlert.tier > tier)
    )
    return set((await db.execute(query.distinct())).scalars())


async def tell_due(
    db: AsyncSession, now: datetime, limit: int, *, verified: Collection[UUID]
) -> Sequence[tuple[UUID, UUID]]:
    """Give what is due its number; returns organisation and search of each.

    What was found by text above the public tier is told to the organisations that are `verified`; to others it waits.
    Each person's alerts are numbered by themselves, so that nobody reads off what others were told. Numbers are given
    by one teller at a time, so whoever reads by number misses none.
    """
    query = text(
        "WITH due AS (SELECT a.id, a.person_id, a.due_at FROM search_alert a JOIN saved_search f ON f.id = a.search_id"
        " WHERE a.told IS NULL AND a.due_at <= :now"
        " AND (a.tier = 0 OR f.org_id = ANY(cast(:verified as uuid[]))) ORDER BY a.due_at, a.id LIMIT :limit),"
        " placed AS (SELECT id, row_number() OVER (PARTITION BY person_id ORDER BY due_at, id)"
        " + (SELECT coalesce(max(t.told), 0) FROM search_alert t WHERE t.person_id = due.person_id) AS told FROM due)"
        " UPDATE search_alert s SET told = placed.told FROM placed, saved_search o"
        " WHERE s.id = placed.id AND o.id = s.search_id RETURNING o.org_id, s.search_id"
    )
    bound = {"now": now, "limit": limit, "verified": list(verified)}
    return [(row.org_id, row.search_id) for row in await db.execute(query, bound)]


async def newest_told(db: AsyncSession, person_id: UUID) -> int:
    query = select(func.max(SearchAlert.told)).where(SearchAlert.person_id == person_id)
    return (await db.execute(query)).scalar_one() or 0


async def list_told(
    db: AsyncSession, *, org_id: UUID, person_id: UUID, after: int, limit: int
) -> Sequence[tuple[SearchAlert, SavedSearch]]:
    query = (
        select(SearchAlert, SavedSearch)
        .join(SavedSearch, SavedSearch.id == SearchAlert.search_id)
        .where(SearchAlert.person_id == person_id, SavedSearch.org_id == org_id, SearchAlert.told > after)
        .order_by(SearchAlert.told)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await db.execute(query)]


async def forget_untold(db: AsyncSession, search_id: UUID) -> None:
    """What an ended search has found but not told stays untold."""
    statement = update(SearchAlert).where(SearchAlert.search_id == search_id, SearchAlert.told.is_(None))
    await db.execute(statement.values(due_at=text("'infinity'")))


async def forget_searches_of(db: AsyncSession, person_id: UUID, now: datetime) -> None:
    """His searches end and lose their words. What they told stays numbered, so that nobody else's place moves."""
    await db.execute(
        update(SavedSearch)
        .where(SavedSearch.person_id == person_id)
        .values(name="", query=None, filters={}, ended_at=func.coalesce(SavedSearch.ended_at, now))
    )


async def owners_of(db: AsyncSession, search_ids: Collection[UUID]) -> set[UUID]:
    query = select(SavedSearch.person_id).where(SavedSearch.id.in_(set(search_ids)))
    return set((await db.execute(query)).scalars())


async def list_told_beyond(
    db: AsyncSession, positions: Mapping[UUID, int]
) -> Sequence[tuple[SearchAlert, SavedSearch]]:
    """What each of these people was told beyond a number, in the order of the numbers."""
    wanted = [and_(SearchAlert.person_id == person, SearchAlert.told > after) for person, after in positions.items()]
    query = select(SearchAlert, SavedSearch).join(SavedSearch, SavedSearch.id == SearchAlert.search_id)
    query = query.where(or_(false(), *wanted)).order_by(SearchAlert.person_id, SearchAlert.told)
    return [(row[0], row[1]) for row in await db.execute(query)]
