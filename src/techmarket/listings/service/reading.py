"""Reading listings, through the one door of `steps.views_for`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.listings import policy, repository, steps
from techmarket.listings.lifecycle import FINDABLE, ListingState
from techmarket.listings.rules import ListingKind
from techmarket.listings.service.showing import view_of
from techmarket.listings.views import ListingView, VersionView


async def get_listing(tx: Tx, actor: Actor, listing_id: UUID) -> ListingView:
    """One listing, cut to what this reader may see."""
    require(actor, policy.SEE)
    async with tx.read() as db:
        return await view_of(db, actor, listing_id)


async def list_listings(
    tx: Tx,
    actor: Actor,
    *,
    kind: ListingKind | None = None,
    state: ListingState | None = None,
    mine: bool = False,
    cursor: str | None = None,
    limit: int,
) -> Page[ListingView]:
    """Newest first: what the public finds; with `mine` all of my own; the market sees every state."""
    require(actor, policy.LIST_OWN if mine else policy.SEE)
    before = last_id(cursor)
    states = {state} if state else set() if mine or actor.is_market else set(FINDABLE)
    async with tx.read() as db:
        ids = await repository.list_ids(
            db,
            kind=kind,
            states=states,
            org_id=actor.org_id,
            sees_everything=actor.is_market,
            only_own=mine,
            before=before,
            limit=limit + 1,
        )
        page = page_of(ids, limit, lambda id: (str(id),))
        views = await steps.views_for(db, actor, page.items)
        return Page([views[id] for id in page.items if id in views], page.next_cursor)


async def get_public_listing(tx: Tx, listing_id: UUID) -> ListingView:
    """One listing as anybody sees it, by the shortest way."""
    view = await steps.public_view(tx, listing_id)
    if view is None:
        raise NotFound()
    return view


async def list_public_listings(
    tx: Tx, *, kind: ListingKind | None, cursor: str | None, limit: int
) -> Page[ListingView]:
    """What anybody finds, newest first, by the shortest way."""
    views = await steps.public_page(tx, kind=kind, before=last_id(cursor), limit=limit + 1)
    return page_of(views, limit, lambda view: (str(view.id),))


async def list_versions(tx: Tx, actor: Actor, listing_id: UUID) -> Sequence[VersionView]:
    """Every version of a listing by number, hash and hour, for its owner and the market; texts are never changed."""
    async with tx.read() as db:
        listing = await repository.get(db, listing_id)
        if not steps.is_inside(actor, listing):
            raise NotFound()
        require(actor, policy.SEE_REVIEWS, parties=[listing.org_id])
        return await steps.versions_of(db, listing_id)
