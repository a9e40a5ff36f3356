"""Every query of listings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, cast, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx, fetched
from techmarket.kernel.refusals import NotFound
from techmarket.listings.lifecycle import FINDABLE, KNOWN, ListingState, ScenarioListState
from techmarket.listings.rules import Decision, ListingKind
from techmarket.listings.tables import (
    Listing,
    ListingItem,
    ListingReview,
    ListingVersion,
    ScenarioList,
    ScenarioListItem,
)


async def lock(db: AsyncSession, listing_id: UUID) -> Listing:
    rows = await lock_many(db, [listing_id])
    if not rows:
        raise NotFound()
    return rows[0]


async def lock_many(db: AsyncSession, ids: Iterable[UUID]) -> list[Listing]:
    """Locked in the order of their ids, so that two reviewers of the same pile never wait in a ring."""
    query = select(Listing).where(Listing.id.in_(set(ids))).order_by(Listing.id).with_for_update()
    return list((await db.execute(query.execution_options(populate_existing=True))).scalars())


async def get(db: AsyncSession, listing_id: UUID) -> Listing:
    row = await db.get(Listing, listing_id)
    if row is None:
        raise NotFound()
    return row


async def lock_due_to_publish(db: AsyncSession, now: datetime, limit: int) -> list[Listing]:
    query = (
        select(Listing)
        .where(Listing.state == ListingState.ACCEPTED, Listing.publish_at <= now)
        .order_by(Listing.publish_at, Listing.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list((await db.execute(query)).scalars())


async def set_node(db: AsyncSession, org_id: UUID, node_id: UUID | None) -> list[tuple[UUID, UUID | None]]:
    """Returns those that can be found by everyone, each with the node that it was of."""
    moves = (Listing.org_id == org_id, Listing.node_id.is_distinct_from(node_id))
    shown = select(Listing.id, Listing.node_id).where(*moves, Listing.state.in_(FINDABLE))
    moved = (await db.execute(shown.order_by(Listing.id).with_for_update())).all()
    await db.execute(update(Listing).where(*moves).values(node_id=node_id))
    return [(row.id, row.node_id) for row in moved]


async def list_waiting(
    db: AsyncSession,
    *,
    kind: ListingKind | None,
    node: UUID | None = None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Listing]:
    """What waits for review, of one node or of all, whoever has waited longest first."""
    query = (
        select(Listing)
        .where(Listing.state == ListingState.SUBMITTED, Listing.submitted_at.is_not(None))
        .order_by(Listing.submitted_at, Listing.id)
        .limit(limit)
    )
    if kind is not None:
        query = query.where(Listing.kind == kind)
    if node is not None:
        query = query.where(Listing.node_id == node)
    if after is not None:
        query = query.where(tuple_(Listing.submitted_at, Listing.id) > after)
    return (await db.execute(query)).scalars().all()


async def count_returns(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, int]:
    query = (
        select(ListingReview.listing_id, func.count())
        .where(ListingReview.listing_id.in_(set(ids)), ListingReview.decision == Decision.RETURNED)
        .group_by(ListingReview.listing_id)
    )
    return {row[0]: row[1] for row in await db.execute(query)}


async def list_reviews(db: AsyncSession, listing_id: UUID) -> Sequence[ListingReview]:
    query = select(ListingReview).where(ListingReview.listing_id == listing_id).order_by(ListingReview.id.desc())
    return (await db.execute(query)).scalars().all()


async def list_versions(db: AsyncSession, listing_id: UUID) -> Sequence[ListingVersion]:
    query = select(ListingVersion).where(ListingVersion.listing_id == listing_id).order_by(ListingVersion.n)
    return (await db.execute(query)).scalars().all()


async def hashes_of(db: AsyncSession, versions: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int | None], str]:
    query = select(ListingVersion.listing_id, ListingVersion.n, ListingVersion.sha256).where(
        tuple_(ListingVersion.listing_id, ListingVersion.n).in_(versions)
    )
    return {(listing_id, n): sha256 for listing_id, n, sha256 in await db.execute(query)}


async def lock_list(db: AsyncSession, list_id: UUID) -> ScenarioList:
    query = select(ScenarioList).where(ScenarioList.id == list_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_list(db: AsyncSession, list_id: UUID) -> ScenarioList:
    row = await db.get(ScenarioList, list_id)
    if row is None:
        raise NotFound()
    return row


async def list_lists(
    db: AsyncSession, *, org_id: UUID | None, only_own: bool, sees_everything: bool, before: UUID | None, limit: int
) -> Sequence[ScenarioList]:
    query = select(ScenarioList).order_by(ScenarioList.id.desc()).limit(limit)
    if only_own:
        query = query.where(ScenarioList.org_id == org_id)
    elif not sees_everything:
        query = query.where(ScenarioList.state == ScenarioListState.PUBLISHED)
    if before is not None:
        query = query.where(ScenarioList.id < before)
    return (await db.execute(query)).scalars().all()


async def demands_of(db: AsyncSession, list_id: UUID) -> Sequence[UUID]:
    """The demands of a list in its order."""
    query = (
        select(ScenarioListItem.listing_id)
        .where(ScenarioListItem.list_id == list_id)
        .order_by(ScenarioListItem.position)
    )
    return (await db.execute(query)).scalars().all()


async def replace_demands(db: AsyncSession, list_id: UUID, listing_ids: Sequence[UUID]) -> None:
    await db.execute(delete(ScenarioListItem).where(ScenarioListItem.list_id == list_id))
    rows = [{"list_id": list_id, "listing_id": one, "position": n} for n, one in enumerate(listing_ids)]
    await insert_many(db, ScenarioListItem, rows)


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


async def authors_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Who wrote the current version of each."""
    query = (
        select(ListingVersion.listing_id, ListingVersion.by)
        .join(Listing, (Listing.id == ListingVersion.listing_id) & (Listing.current_n == ListingVersion.n))
        .where(Listing.id.in_(set(ids)))
    )
    return {row[0]: row[1] for row in (await db.execute(query)).all()}


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


_IS_OVER = "(state = 'PUBLISHED' AND expires_on < (market_now() AT TIME ZONE 'Asia/Shanghai')::date) IS TRUE"
"""A listing past its last day has expired, also before anybody wrote it down."""
_SHOWN = (
    f"SELECT l.id, l.kind, l.org_id, l.node_id, CASE WHEN {_IS_OVER} THEN 'EXPIRED' ELSE l.state END AS state,"
    " l.revision, l.published_at, l.expires_on, l.returned_because,"
    " l.engaged_by, l.is_held, l.publish_at, v.n, l.shown_n, v.sha256, t.body,"
    " ARRAY(SELECT i.achievement_id FROM listing_item i"
    " WHERE i.listing_id = l.id AND i.n = l.current_n ORDER BY i.position) AS achievement_ids"
    " FROM listing l JOIN listing_version v ON v.listing_id = l.id AND v.n = l.current_n"
    " JOIN text t ON t.sha256 = v.sha256"
)
SHOWN = f"{_SHOWN} WHERE l.id = ANY($1::uuid[])"
"""All that a view of some listings is made of, whoever asks."""
_NEWEST = (
    f"WHERE state = ANY($1::text[]) AND NOT {_IS_OVER}"
    " AND ($2::text IS NULL OR kind = $2) AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
)
SHOWN_PAGE = f"{_SHOWN} WHERE l.id IN (SELECT id FROM listing {_NEWEST}) ORDER BY l.id DESC"
"""The same of the newest in some states, of one kind or both, behind one of them or from the start."""
_SIGN = (
    f"SELECT id, kind, org_id, CASE WHEN {_IS_OVER} THEN 'EXPIRED' ELSE state END, published_at, expires_on, shown_n"
    " FROM listing"
)
SIGNS = f"{_SIGN} WHERE id = ANY($1::uuid[]) ORDER BY id"
"""What tells that the public view of a listing is another: versions, texts and items are never changed.

A version that shows only to those who were granted more is no sign: nobody else may notice it, not even by how long an
answer takes."""
SIGNS_PAGE = f"{_SIGN} {_NEWEST}"
Sign = tuple[Any, ...]


class Shown(NamedTuple):
    """A row of the statements above; `body` is the whole text of its current version, whatever the tier."""

    id: UUID
    kind: str
    org_id: UUID
    node_id: UUID | None
    state: str
    revision: int
    published_at: datetime | None
    expires_on: date | None
    returned_because: str | None
    engaged_by: str | None
    is_held: bool
    publish_at: datetime | None
    n: int
    shown_n: int
    sha256: str
    body: bytes
    achievement_ids: list[UUID]

    @property
    def sign(self) -> Sign:
        return (self.id, self.kind, self.org_id, self.state, self.published_at, self.expires_on, self.shown_n)


async def shown(db: AsyncSession, ids: Collection[UUID]) -> list[Shown]:
    await db.flush()
    return [Shown(*row) for row in await fetched(await db.connection(), SHOWN, list(ids))]


async def shown_to_all(tx: Tx, ids: Collection[UUID]) -> list[Shown]:
    return [Shown(*row) for row in await tx.fetch(SHOWN, list(ids))]


async def page_shown_to_all(
    tx: Tx, *, states: Collection[ListingState], kind: ListingKind | None, before: UUID | None, limit: int
) -> list[Shown]:
    return [Shown(*row) for row in await tx.fetch(SHOWN_PAGE, list(states), kind, before, limit)]


async def signs(tx: Tx, ids: Collection[UUID]) -> tuple[Sign, ...]:
    return tuple(map(tuple, await tx.fetch(SIGNS, list(ids))))


async def signs_within(db: AsyncSession, ids: Collection[UUID]) -> tuple[Sign, ...]:
    return tuple(map(tuple, await fetched(await db.connection(), SIGNS, list(ids))))


async def signs_of_page(
    tx: Tx, *, states: Collection[ListingState], kind: ListingKind | None, before: UUID | None, limit: int
) -> tuple[Sign, ...]:
    return tuple(map(tuple, await tx.fetch(SIGNS_PAGE, list(states), kind, before, limit)))


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
    node: UUID | None = None,
    operated: UUID | None = None,
) -> Sequence[UUID]:
    """Newest first, of one node or of all. Whoever is not the owner or the market sees what is known to the public;
    `operated` is the node whose operator asks, and of it he sees all."""
    query = select(Listing.id).order_by(Listing.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(Listing.kind == kind)
    if states:
        query = query.where(_stands_in(states))
    if only_own:
        query = query.where(Listing.org_id == org_id)
    elif not sees_everything:
        public = _stands_in(KNOWN if states else FINDABLE)
        mine = [Listing.org_id == org_id] if states and org_id else []
        of_mine = [Listing.node_id == operated] if operated is not None else []
        query = query.where(or_(public, *mine, *of_mine))
    if node is not None:
        query = query.where(Listing.node_id == node)
    if before is not None:
        query = query.where(Listing.id < before)
    return (await db.execute(query)).scalars().all()


def _stands_in(states: Collection[ListingState]) -> ColumnElement[bool]:
    """As `_IS_OVER` says it: what is past its last day is among the expired, and not among the published."""
    today = cast(func.timezone("Asia/Shanghai", func.market_now()), Date)
    is_over = and_(Listing.state == ListingState.PUBLISHED, func.coalesce(Listing.expires_on < today, False))
    standing = and_(Listing.state.in_(states), ~is_over)
    return or_(standing, is_over) if ListingState.EXPIRED in states else standing


async def insert_many(db: AsyncSession, table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await db.execute(insert(table), rows)
