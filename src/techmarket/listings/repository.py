"""Every query of listings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.listings.lifecycle import FINDABLE, KNOWN, ListingState
from techmarket.listings.rules import ListingKind
from techmarket.listings.tables import Listing, ListingItem, ListingVersion


async def lock(db: AsyncSession, listing_id: UUID) -> Listing:
    rows = await lock_many(db, [listing_id])
    if not rows:
        raise NotFound()
    return rows[0]


async def lock_many(db: AsyncSession, ids: Iterable[UUID]) -> list[Listing]:
    """Locked in the order of their ids, so that two reviewers of the same pile never wait in a ring."""
    query = select(Listing).where(Listing.id.in_(set(ids))).order_by(Listing.id).with_for_update()
    return list((await db.execute(query.execution_options(populate_existing=True))).scalars())


async def lock_expired(db: AsyncSession, today: date, limit: int) -> list[Listing]:
    query = (
        select(Listing)
        .where(Listing.state == ListingState.PUBLISHED, Listing.expires_on < today)
        .order_by(Listing.expires_on, Listing.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list((await db.execute(query)).scalars())


async def get_current(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, tuple[Listing, ListingVersion]]:
    query = (
        select(Listing, ListingVersion)
        .join(ListingVersion, (ListingVersion.listing_id == Listing.id) & (ListingVersion.n == Listing.current_n))
        .where(Listing.id.in_(set(ids)))
    )
    return {listing.id: (listing, version) for listing, version in await db.execute(query)}


async def items_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """The achievements of the current version, in order."""
    query = (
        select(ListingItem.listing_id, ListingItem.achievement_id)
        .join(Listing, (Listing.id == ListingItem.listing_id) & (Listing.current_n == ListingItem.n))
        .where(Listing.id.in_(set(ids)))
        .order_by(ListingItem.listing_id, ListingItem.position)
    )
    out: dict[UUID, list[UUID]] = {}
    for listing_id, achievement_id in await db.execute(query):
        out.setdefault(listing_id, []).append(achievement_id)
    return {listing_id: tuple(items) for listing_id, items in out.items()}


async def list_ids(
    db: AsyncSession,
    *,
    kind: ListingKind | None,
    states: Collection[ListingState],
    org_id: UUID | None,
    sees_everything: bool,
    only_own: bool,
    before: UUID | None,
    limit: int,
) -> Sequence[UUID]:
    """Newest first. Whoever is not the owner or the market sees only what is known to the public."""
    query = select(Listing.id).order_by(Listing.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(Listing.kind == kind)
    if states:
        query = query.where(Listing.state.in_(states))
    if only_own:
        query = query.where(Listing.org_id == org_id)
    elif not sees_everything:
        public = Listing.state.in_(KNOWN if states else FINDABLE)
        query = query.where(or_(public, Listing.org_id == org_id) if states and org_id else public)
    if before is not None:
        query = query.where(Listing.id < before)
    return (await db.execute(query)).scalars().all()


async def insert_many(db: AsyncSession, table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await db.execute(insert(table), rows)
