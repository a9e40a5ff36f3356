"""Trading's claims: a listing stands still while it is traded."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import journal
from techmarket.disclosure import steps as disclosure
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.listings import errors, repository, rules
from techmarket.listings.events import ListingClosed, ListingDisengaged, ListingEngaged, ListingReopened
from techmarket.listings.lifecycle import LISTING, ListingState
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps.facts import OfferFacts, get_offer_facts, listing_ref, sale_of, today


async def engage(db: AsyncSession, listing_id: UUID, *, by: Ref, actor: Actor) -> OfferFacts:
    """A trade claims a published listing: from now on its terms stand still. The same claim twice is one claim."""
    listing = await repository.lock(db, listing_id)
    facts = await get_offer_facts(db, listing_id)
    if listing.is_syndicated:
        raise errors.OfferedElsewhere(url=facts.terms["origin"]["url"])
    if listing.state is ListingState.ENGAGED and listing.engaged_by == str(by):
        return facts
    state = LISTING.move(listing.state, "engage")
    rules.check_expiry(listing.expires_on, await today(db))
    if facts.kind is ListingKind.OFFER and facts.mode is None:
        raise errors.ModeNotStated()
    # The claim locks what is sold, so that no consent is taken back between this look and the commit.
    await achievements.claim(db, sale_of(facts), by=by, actor=actor)
    (refusal,) = await achievements.unsellable(db, [sale_of(facts)])
    if refusal is not None:
        raise refusal
    listing.state, listing.engaged_by = state, str(by)
    await disclosure.show_rooms(db, [listing_ref(listing.id)])  # what is traded does not end with its last day
    journal.record(db, ListingEngaged(listing.id, str(by)), actor=actor)
    await db.flush()
    return await get_offer_facts(db, listing_id)


async def disengage(db: AsyncSession, listing_id: UUID, actor: Actor | None) -> None:
    """The trade ended without a sale; the listing is open to others again."""
    listing = await repository.lock(db, listing_id)
    state, by = LISTING.move(listing.state, "disengage"), listing.engaged_by
    listing.state, listing.engaged_by = state, None
    await disclosure.show_rooms(db, [listing_ref(listing.id)], until=listing.expires_on)
    await _release(db, by, actor)
    journal.record(db, ListingDisengaged(listing.id), actor=actor)
    await db.flush()


async def close(db: AsyncSession, listing_id: UUID, actor: Actor | None) -> None:
    """What was listed has found its taker."""
    listing = await repository.lock(db, listing_id)
    listing.state = LISTING.move(listing.state, "close")
    await _release(db, listing.engaged_by, actor)
    journal.record(db, ListingClosed(listing.id), actor=actor)
    await db.flush()


async def _release(db: AsyncSession, by: str | None, actor: Actor | None) -> None:
    if by is not None:
        await achievements.release(db, by=Ref.parse(by), actor=actor)


async def reopen(db: AsyncSession, listing_id: UUID, actor: Actor | None) -> None:
    """The sale it was closed for came to nothing: the listing is open to others again."""
    listing = await repository.lock(db, listing_id)
    listing.state, listing.engaged_by = LISTING.move(listing.state, "reopen"), None
    await disclosure.show_rooms(db, [listing_ref(listing.id)], until=listing.expires_on)
    journal.record(db, ListingReopened(listing.id), actor=actor)
    await db.flush()
