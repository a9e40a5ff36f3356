"""Every query about other markets whose listings are shown here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func as sql
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.hub.lifecycle import SourceState
from techmarket.hub.tables import SyndicatedListing, SyndicationSource
from techmarket.kernel.refusals import NotFound


async def real_now(db: AsyncSession) -> datetime:
    now: datetime = (await db.execute(select(sql.clock_timestamp()))).scalar_one()
    return now


async def is_followed(db: AsyncSession, url: str, node: str | None) -> bool:
    query = select(SyndicationSource.id).where(
        SyndicationSource.url == url,
        SyndicationSource.node.is_not_distinct_from(node),
        SyndicationSource.state != SourceState.REMOVED,
    )
    return (await db.execute(query.limit(1))).first() is not None


async def list_sources(db: AsyncSession) -> Sequence[SyndicationSource]:
    return (await db.execute(select(SyndicationSource).order_by(SyndicationSource.id))).scalars().all()


async def get_source(db: AsyncSession, source_id: UUID) -> SyndicationSource:
    row = await db.get(SyndicationSource, source_id)
    if row is None:
        raise NotFound()
    return row


async def lock_source(db: AsyncSession, source_id: UUID) -> SyndicationSource:
    query = select(SyndicationSource).where(SyndicationSource.id == source_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def take_due(db: AsyncSession, lease: timedelta) -> SyndicationSource | None:
    """The one that has waited longest of those to be read, or to be taken down; nobody else takes it for the lease."""
    query = (
        select(SyndicationSource)
        .where(
            SyndicationSource.state.in_((SourceState.ACTIVE, SourceState.REMOVED)),
            SyndicationSource.next_at <= sql.clock_timestamp(),
        )
        .order_by(SyndicationSource.next_at, SyndicationSource.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await db.execute(query)).scalar_one_or_none()
    if row is not None:
        await wait(db, row.id, lease)
    return row


async def wait(db: AsyncSession, source_id: UUID, how_long: timedelta) -> None:
    """Look at this source again after so long."""
    after = sql.clock_timestamp() + how_long
    await db.execute(update(SyndicationSource).where(SyndicationSource.id == source_id).values(next_at=after))


async def known(db: AsyncSession, source_id: UUID, theirs: Iterable[UUID]) -> dict[UUID, SyndicatedListing]:
    query = select(SyndicatedListing).where(
        SyndicatedListing.source_id == source_id, SyndicatedListing.theirs.in_(set(theirs))
    )
    return {row.theirs: row for row in (await db.execute(query)).scalars()}


async def standing(db: AsyncSession, source_id: UUID, *, before: int | None, limit: int) -> Sequence[SyndicatedListing]:
    """What is still shown of a source; with `before`, of what was last told in an earlier reading."""
    query = select(SyndicatedListing).where(
        SyndicatedListing.source_id == source_id, SyndicatedListing.is_gone.is_(False)
    )
    if before is not None:
        query = query.where(SyndicatedListing.generation < before)
    return (await db.execute(query.order_by(SyndicatedListing.theirs).limit(limit))).scalars().all()


async def is_refused_for(db: AsyncSession, source_id: UUID, why: str) -> bool:
    query = select(SyndicatedListing.theirs).where(
        SyndicatedListing.source_id == source_id, SyndicatedListing.problem == why
    )
    return (await db.execute(query.limit(1))).first() is not None


async def count_shown(db: AsyncSession, source_ids: Iterable[UUID]) -> dict[UUID, int]:
    query = (
        select(SyndicatedListing.source_id, sql.count())
        .where(
            SyndicatedListing.source_id.in_(set(source_ids)),
            SyndicatedListing.is_gone.is_(False),
            SyndicatedListing.listing_id.is_not(None),
        )
        .group_by(SyndicatedListing.source_id)
    )
    return {row[0]: row[1] for row in await db.execute(query)}


async def find_by_listing(db: AsyncSession, listing_id: UUID) -> SyndicatedListing | None:
    query = select(SyndicatedListing).where(SyndicatedListing.listing_id == listing_id)
    return (await db.execute(query)).scalar_one_or_none()
