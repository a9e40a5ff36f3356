"""Reading listings, through the one door of `steps.views_for`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
from techmarket.listings.steps import Signs
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
    node: UUID | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[ListingView]:
    """Newest first, of one node or of all: what the public finds; with `mine` all of my own; the market sees every
    state, and so does an operator of the node that he asks for."""
    require(actor, policy.LIST_OWN if mine else policy.SEE)
    before = last_id(cursor)
    sees_all = mine or actor.is_market or (node is not None and node == actor.node)
    states = {state} if state else set() if sees_all else set(FINDABLE)
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
            node=node,
            operated=actor.node if node is not None else None,
        )
        page = page_of(ids, limit, lambda id: (str(id),))
        views = await steps.views_for(db, actor, page.items)
        return Page([views[id] for id in page.items if id in views], page.next_cursor)


async def get_public_listing(tx: Tx, listing_id: UUID) -> tuple[ListingView, Signs]:
    """One listing as anybody sees it, by the shortest way, and the signs of what it was made of."""
    view, signs = await steps.public_view(tx, listing_id)
    if view is None:
        raise NotFound()
    return view, signs


async def public_signs(tx: Tx, listing_ids: Collection[UUID]) -> Signs:
    """What the public views of these listings are made of now: the same signs are the same views."""
    return await steps.public_signs(tx, listing_ids)


async def list_public_listings(
    tx: Tx, *, kind: ListingKind | None, cursor: str | None, limit: int
) -> tuple[Page[ListingView], Signs]:
    """What anybody finds, newest first, by the shortest way, and the signs of what it was made of."""
    views, signs = await steps.public_page(tx, kind=kind, before=last_id(cursor), limit=limit + 1)
    return page_of(views, limit, lambda view: (str(view.id),)), signs


async def public_page_signs(tx: Tx, *, kind: ListingKind | None, cursor: str | None, limit: int) -> Signs:
    """What that page is made of now."""
    return await steps.public_page_signs(tx, kind=kind, before=last_id(cursor), limit=limit + 1)


async def list_versions(tx: Tx, actor: Actor, listing_id: UUID) -> Sequence[VersionView]:
    """Every version of a listing by number, hash and hour, for its owner and the market; texts are never changed."""
    async with tx.read() as db:
        listing = await repository.get(db, listing_id)
        if not steps.is_inside(actor, listing):
            raise NotFound()
        require(actor, policy.SEE_REVIEWS, parties=[listing.org_id, listing.node_id])
        return await steps.versions_of(db, listing_id)
