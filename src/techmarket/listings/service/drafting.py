"""The owner drafts, amends, hands in, renews and takes back."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.disclosure import steps as disclosure
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.listings import errors, policy, repository, rules, steps
from techmarket.listings.events import ListingExpired, ListingRenewed, ListingWithdrawn
from techmarket.listings.lifecycle import LISTING
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.listings.service.showing import lock_known, view_of
from techmarket.listings.tables import Listing
from techmarket.listings.views import ListingView

AGREED_TERMS = (
    "title_zh",
    "title_en",
    "mode",
    "licence_kind",
    "scope",
    "price_form",
    "price",
    "royalty_rate",
    "royalty_base",
    "royalty_minimum",
    "royalty_cap",
    "price_parts",
    "equity_share",
    "trial_days",
)
"""What a co-owner reads before he consents: of what it is, how it is sold, and for how much."""


async def create_draft(tx: Tx, actor: Actor, kind: ListingKind, draft: ListingDraft) -> ListingView:
    """Somebody drafts what he offers or seeks; nobody else sees it."""
    require(actor, policy.CREATE)
    async with tx.begin() as db:
        rules.check_publication(draft.publish_at, await clock.market_now(db))
        (listing_id,) = await steps.create_many(db, actor.org, kind, [draft], submit=False, actor=actor)
        return await view_of(db, actor, listing_id)


async def update_draft(
    tx: Tx, actor: Actor, listing_id: UUID, kind: ListingKind, draft: ListingDraft, *, if_match: str
) -> ListingView:
    """New terms are a new version; what strangers would see of it is reviewed again first."""
    async with tx.begin() as db:
        listing = await lock_known(db, actor, listing_id)
        require(actor, policy.AMEND, parties=[listing.org_id])
        if if_match != (await view_of(db, actor, listing_id)).etag:
            raise errors.Changed()
        if kind is not listing.kind:
            raise errors.KindFixed(listing_kind=listing.kind, pointer="/body/kind")
        if draft.publish_at != listing.publish_at:
            rules.check_publication(draft.publish_at, await clock.market_now(db))
        await steps.revise_locked(db, listing, draft, actor)
        return await view_of(db, actor, listing_id)


async def submit(tx: Tx, actor: Actor, listing_id: UUID) -> ListingView:
    """The owner asks for review. Submitting twice is harmless."""
    async with tx.begin() as db:
        listing = await lock_known(db, actor, listing_id)
        require(actor, policy.SUBMIT, parties=[listing.org_id])
        await steps.submit_locked(db, listing, actor)
        return await view_of(db, actor, listing_id)


async def ask_consents(tx: Tx, actor: Actor, listing_id: UUID) -> list[UUID]:
    """The owner asks the co-owners of what is offered to consent to this version of its terms (专利法 art. 14)."""
    async with tx.begin() as db:
        listing = await lock_known(db, actor, listing_id)
        require(actor, policy.ASK_CONSENTS, parties=[listing.org_id])
        LISTING.move(listing.state, "withdraw")  # only of what the owner may still take back: it is not sold yet
        facts = await steps.get_offer_facts(db, listing.id)
        asked = await achievements.ask_for_version(
            db,
            facts.achievement_ids,
            subject=steps.listing_ref(listing.id),
            terms_sha256=facts.sha256,
            terms={name: facts.terms[name] for name in AGREED_TERMS if name in facts.terms},
            actor=actor,
        )
        if not asked:
            raise errors.NobodyToAsk()
        return asked


async def withdraw(tx: Tx, actor: Actor, listing_id: UUID) -> ListingView:
    """The owner takes it back for good."""
    async with tx.begin() as db:
        listing = await lock_known(db, actor, listing_id)
        require(actor, policy.WITHDRAW, parties=[listing.org_id])
        await withdraw_locked(db, actor, listing)
        return await view_of(db, actor, listing_id)


async def withdraw_locked(db: AsyncSession, actor: Actor, listing: Listing) -> None:
    listing.state = LISTING.move(listing.state, "withdraw")
    listing.revision += 1
    journal.record(db, ListingWithdrawn(listing.id), actor=actor)
    await disclosure.hide_rooms(db, [steps.listing_ref(listing.id)])
    await db.flush()


async def renew(tx: Tx, actor: Actor, listing_id: UUID, *, expires_on: date) -> ListingView:
    """The owner sets a later last day; an expired listing is public again, with the same terms."""
    async with tx.begin() as db:
        listing = await lock_known(db, actor, listing_id)
        require(actor, policy.RENEW, parties=[listing.org_id])
        await renew_locked(db, actor, listing, expires_on)
        return await view_of(db, actor, listing_id)


async def renew_locked(db: AsyncSession, actor: Actor, listing: Listing, expires_on: date) -> None:
    state = LISTING.move(listing.state, "renew")
    rules.check_expiry(expires_on, await steps.today(db))
    rules.check_later(expires_on, listing.expires_on)
    facts = await steps.get_offer_facts(db, listing.id)
    (refusal,) = await achievements.unsellable(db, [steps.sale_of(facts)])
    if refusal is not None:
        raise refusal
    listing.state, listing.expires_on = state, expires_on
    listing.revision += 1
    journal.record(db, ListingRenewed(listing.id), actor=actor)
    await disclosure.show_rooms(db, [steps.listing_ref(listing.id)], until=expires_on)
    await db.flush()


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
