"""What people do with listings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.disclosure import steps as disclosure
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.listings import errors, policy, repository, rules, steps
from techmarket.listings.events import (
    ListingAccepted,
    ListingExpired,
    ListingRenewed,
    ListingReturned,
    ListingWithdrawn,
)
from techmarket.listings.lifecycle import FINDABLE, LISTING, ListingState
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.listings.tables import Listing
from techmarket.listings.views import ListingView, ReviewOutcome

REVIEWS_MAX = 500


async def create_draft(tx: Tx, actor: Actor, kind: ListingKind, draft: ListingDraft) -> ListingView:
    """Somebody drafts what he offers or seeks; nobody else sees it."""
    require(actor, policy.CREATE)
    async with tx.begin() as db:
        (listing_id,) = await steps.create_many(db, actor.org, kind, [draft], submit=False, actor=actor)
        return await _view(db, actor, listing_id)


async def update_draft(
    tx: Tx, actor: Actor, listing_id: UUID, kind: ListingKind, draft: ListingDraft, *, if_match: str
) -> ListingView:
    """New terms are a new version; what strangers would see of it is reviewed again first."""
    async with tx.begin() as db:
        listing = await _lock_known(db, actor, listing_id)
        require(actor, policy.AMEND, parties=[listing.org_id])
        if if_match != (await _view(db, actor, listing_id)).etag:
            raise errors.Changed()
        if kind is not listing.kind:
            raise errors.KindFixed(listing_kind=listing.kind, pointer="/body/kind")
        await steps.revise_locked(db, listing, draft, actor)
        return await _view(db, actor, listing_id)


async def submit(tx: Tx, actor: Actor, listing_id: UUID) -> ListingView:
    """The owner asks for review. Submitting twice is harmless."""
    async with tx.begin() as db:
        listing = await _lock_known(db, actor, listing_id)
        require(actor, policy.SUBMIT, parties=[listing.org_id])
        await steps.submit_locked(db, listing, actor)
        return await _view(db, actor, listing_id)


async def accept(tx: Tx, actor: Actor, listing_id: UUID) -> ListingView:
    """An operator lets the public see it."""
    async with tx.begin() as db:
        listing = await _lock_known(db, actor, listing_id)
        require(actor, policy.REVIEW)
        (refusal,) = await _accept_many(db, actor, [listing])
        if refusal is not None:
            raise refusal
        return await _view(db, actor, listing_id)


async def review_many(
    tx: Tx, actor: Actor, listing_ids: Sequence[UUID], *, returns: bool = False, reason: str | None = None
) -> list[ReviewOutcome]:
    """An operator accepts a pile, or returns it for one reason; each listing is decided by itself."""
    require(actor, policy.REVIEW)
    if len(listing_ids) > REVIEWS_MAX:
        raise errors.ReviewsTooMany(most=REVIEWS_MAX, pointer="/body/listing_ids")
    if returns and reason is None:
        raise errors.ReasonMissing(pointer="/body/reason")
    async with tx.begin() as db:
        listings = await repository.lock_many(db, listing_ids)
        if returns:
            decided = [_return(db, actor, listing, reason or "") for listing in listings]
            returned = [one.id for one, refusal in zip(listings, decided, strict=True) if refusal is None]
            await disclosure.hide_rooms(db, [steps.listing_ref(listing_id) for listing_id in returned])
        else:
            decided = await _accept_many(db, actor, listings)
        await db.flush()
        refusals: dict[UUID, Refusal | None] = {
            listing.id: refusal for listing, refusal in zip(listings, decided, strict=True)
        }
        done = "returned" if returns else "accepted"
        return [_outcome(id, refusals.get(id, NotFound()), done) for id in dict.fromkeys(listing_ids)]


def _outcome(listing_id: UUID, refusal: Refusal | None, done: str) -> ReviewOutcome:
    if refusal is None:
        return ReviewOutcome(listing_id, done)
    return ReviewOutcome(listing_id, "refused", refusal.code, refusal.detail("zh-CN"))


async def _accept_many(db: AsyncSession, actor: Actor, listings: Sequence[Listing]) -> list[Refusal | None]:
    """Locked listings become public where nothing forbids it; for each, what forbade it, or None."""
    now = await clock.market_now(db)
    today = now.astimezone(steps.SHANGHAI).date()
    current = await repository.get_current(db, [listing.id for listing in listings])
    items = await repository.items_of(db, current)
    documents = await texts.get_many(db, [version.sha256 for _, version in current.values()])
    facts = [
        steps.facts_of(listing, current[listing.id][1], items.get(listing.id, ()), documents) for listing in listings
    ]
    forbidden = await achievements.unsellable(db, [steps.sale_of(one) for one in facts])
    decided: list[Refusal | None] = []
    for listing, refusal in zip(listings, forbidden, strict=True):
        try:
            state = LISTING.move(listing.state, "accept")
            rules.check_expiry(listing.expires_on, today)
        except Refusal as found:
            decided.append(found)
            continue
        decided.append(refusal)
        if refusal is None:
            listing.state, listing.published_at, listing.returned_because = state, now, None
            listing.revision += 1
            journal.record(db, ListingAccepted(listing.id, listing.current_n), actor=actor)
    public = [steps.listing_ref(one.id) for one, refusal in zip(listings, decided, strict=True) if refusal is None]
    await disclosure.show_rooms(db, public)
    await db.flush()
    return decided


async def return_(tx: Tx, actor: Actor, listing_id: UUID, *, reason: str) -> ListingView:
    """An operator returns it with a reason: before it was published, or to take it down."""
    async with tx.begin() as db:
        listing = await _lock_known(db, actor, listing_id)
        require(actor, policy.REVIEW)
        refusal = _return(db, actor, listing, reason)
        if refusal is not None:
            raise refusal
        await disclosure.hide_rooms(db, [steps.listing_ref(listing.id)])
        await db.flush()
        return await _view(db, actor, listing_id)


def _return(db: AsyncSession, actor: Actor, listing: Listing, reason: str) -> Refusal | None:
    try:
        listing.state = LISTING.move(listing.state, "return")
    except Refusal as refusal:
        return refusal
    listing.returned_because = reason
    listing.revision += 1
    journal.record(db, ListingReturned(listing.id), actor=actor)
    return None


async def withdraw(tx: Tx, actor: Actor, listing_id: UUID) -> ListingView:
    """The owner takes it back for good."""
    async with tx.begin() as db:
        listing = await _lock_known(db, actor, listing_id)
        require(actor, policy.WITHDRAW, parties=[listing.org_id])
        listing.state = LISTING.move(listing.state, "withdraw")
        listing.revision += 1
        journal.record(db, ListingWithdrawn(listing.id), actor=actor)
        await disclosure.hide_rooms(db, [steps.listing_ref(listing.id)])
        await db.flush()
        return await _view(db, actor, listing_id)


async def renew(tx: Tx, actor: Actor, listing_id: UUID, *, expires_on: date) -> ListingView:
    """The owner sets a later last day; an expired listing is public again, with the same terms."""
    async with tx.begin() as db:
        listing = await _lock_known(db, actor, listing_id)
        require(actor, policy.RENEW, parties=[listing.org_id])
        listing.state = LISTING.move(listing.state, "renew")
        rules.check_expiry(expires_on, await steps.today(db))
        facts = await steps.get_offer_facts(db, listing_id)
        (refusal,) = await achievements.unsellable(db, [steps.sale_of(facts)])
        if refusal is not None:
            raise refusal
        listing.expires_on = expires_on
        listing.revision += 1
        journal.record(db, ListingRenewed(listing.id), actor=actor)
        await disclosure.show_rooms(db, [steps.listing_ref(listing.id)])
        await db.flush()
        return await _view(db, actor, listing_id)


async def expire_due(tx: Tx, *, limit: int = 100) -> int:
    """Listings whose last day is over leave the public; returns how many."""
    async with tx.begin() as db:
        due = await repository.lock_expired(db, await steps.today(db), limit)
        for listing in due:
            listing.state = LISTING.move(listing.state, "expire")
            listing.revision += 1
            journal.record(db, ListingExpired(listing.id), actor=None)
        await disclosure.hide_rooms(db, [steps.listing_ref(listing.id) for listing in due])
        return len(due)


async def get_listing(tx: Tx, actor: Actor, listing_id: UUID) -> ListingView:
    """One listing, cut to what this reader may see."""
    require(actor, policy.SEE)
    async with tx.read() as db:
        return await _view(db, actor, listing_id)


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


async def _lock_known(db: AsyncSession, actor: Actor, listing_id: UUID) -> Listing:
    """Lock first; whoever may not know of it hears that it does not exist."""
    listing = await repository.lock(db, listing_id)
    if not steps.may_know(actor, listing):
        raise NotFound()
    return listing


async def _view(db: AsyncSession, actor: Actor, listing_id: UUID) -> ListingView:
    view = (await steps.views_for(db, actor, [listing_id])).get(listing_id)
    if view is None:
        raise NotFound()
    return view
