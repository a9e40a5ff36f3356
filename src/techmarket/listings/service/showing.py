"""How a use case finds the listing it is about, and what it answers with."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.identity.actor import Actor
from techmarket.kernel.refusals import NotFound
from techmarket.listings import repository, steps
from techmarket.listings.tables import Listing
from techmarket.listings.views import ListingView


async def lock_known(db: AsyncSession, actor: Actor, listing_id: UUID) -> Listing:
    """Lock first; whoever may not know of it hears that it does not exist."""
    listing = await repository.lock(db, listing_id)
    if not steps.may_know(actor, listing):
        raise NotFound()
    return listing


async def view_of(db: AsyncSession, actor: Actor, listing_id: UUID) -> ListingView:
    view = (await steps.views_for(db, actor, [listing_id])).get(listing_id)
    if view is None:
        raise NotFound()
    return view
