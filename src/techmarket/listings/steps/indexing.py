"""What search may know of listings, cut for each tier apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Tier, as_far_as
from techmarket.identity.actor import Actor
from techmarket.listings import repository, rules, tiers
from techmarket.listings.lifecycle import FINDABLE, ListingState
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps.facts import listing_ref, today
from techmarket.listings.steps.showing import is_inside


@dataclass(frozen=True, slots=True)
class IndexText:
    """What search may know of a findable listing: its terms as a reader of each tier sees them, by tier."""

    listing_id: UUID
    kind: ListingKind
    org_id: UUID
    published_at: datetime | None
    cuts: Mapping[Tier, dict[str, Any]]
    expires_on: date | None = None
    state: ListingState = ListingState.PUBLISHED


def as_told(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Terms as they are shown to whoever is neither the owner nor the market."""
    return tiers.told(fields, is_inside=False)


async def texts_for_index(db: AsyncSession, listing_ids: Iterable[UUID]) -> dict[UUID, IndexText]:
    """What search may index of each listing that can be found now, cut for each tier apart."""
    found = await repository.get_current(db, listing_ids)
    day = await today(db)
    findable = {
        id: pair for id, pair in found.items() if rules.stands_as(pair[0].state, pair[0].expires_on, day) in FINDABLE
    }
    documents = await texts.get_many(db, [version.sha256 for _, version in findable.values()])
    return {
        id: IndexText(
            id,
            listing.kind,
            listing.org_id,
            listing.published_at,
            {tier: tiers.cut(documents[version.sha256], as_far_as(tier)) for tier in Tier},
            listing.expires_on,
            listing.state,
        )
        for id, (listing, version) in findable.items()
    }


class Opened(NamedTuple):
    """The tier that grants open of each listing; `is_cut` where the reader holds more grants than were looked at."""

    tiers: dict[UUID, Tier]
    is_cut: bool


async def granted_to(db: AsyncSession, actor: Actor, *, limit: int) -> Opened:
    """Findable listings of others of which a grant in force opens more to this reader than his standing does; the
    newest grants are looked at, so many of them."""
    refs = await disclosure.granted_subjects(db, actor, "listing", limit=limit + 1)
    is_cut = len(refs) > limit
    refs = refs[:limit]
    found = await repository.get_current(db, [ref.id for ref in refs]) if refs else {}
    day = await today(db)
    owners = {
        listing_ref(id): listing.org_id
        for id, (listing, _) in found.items()
        if rules.stands_as(listing.state, listing.expires_on, day) in FINDABLE and not is_inside(actor, listing)
    }
    reached = await disclosure.reaches(db, actor, owners) if owners else {}
    # Of who deals without an agreement search knows no more than of others: its texts grow tier by tier.
    return Opened({ref.id: reach.highest for ref, reach in reached.items() if reach.under_nda}, is_cut)


async def tier_of_change(db: AsyncSession, listing_id: UUID, n: int) -> Tier | None:
    """The lowest tier whose readers see version `n` differ from the one before it; None where nobody does."""
    hashes = await repository.hashes_of(db, [(listing_id, n - 1), (listing_id, n)])
    if len(hashes) < 2:
        return None
    documents = await texts.get_many(db, hashes.values())
    before, after = (documents[hashes[listing_id, which]] for which in (n - 1, n))
    ways = ((tier, as_far_as(tier)) for tier in Tier)
    return next((tier for tier, reach in ways if tiers.cut(before, reach) != tiers.cut(after, reach)), None)
