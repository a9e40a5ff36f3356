"""What later rooms must know of a listing: its terms whole, whose it is, what it sells. Never for a reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements.licences import manner_text
from techmarket.achievements.steps import Sale
from techmarket.db import clock, texts
from techmarket.disclosure.tiers import Tier, as_far_as
from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.listings import repository, tiers
from techmarket.listings.lifecycle import ListingState
from techmarket.listings.rules import ListingKind
from techmarket.listings.tables import Listing, ListingVersion

SHANGHAI = ZoneInfo("Asia/Shanghai")


def listing_ref(listing_id: UUID) -> Ref:
    return Ref("listing", listing_id)


async def today(db: AsyncSession) -> date:
    """The day of the law: the Shanghai day of the market's instant."""
    return (await clock.market_now(db)).astimezone(SHANGHAI).date()


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What trading must know of a listing. `terms` are all terms of version `n`, whatever their tier."""

    listing_id: UUID
    n: int
    sha256: str
    kind: ListingKind
    org_id: UUID
    state: ListingState
    achievement_ids: tuple[UUID, ...]
    mode: str | None
    licence_kind: str | None
    price_form: str | None
    price_minor: int | None
    terms: dict[str, Any]


async def get_offer_facts(db: AsyncSession, listing_id: UUID) -> OfferFacts:
    """Everything about the current version; for rooms to the right, never for a reader."""
    found = (await repository.get_current(db, [listing_id])).get(listing_id)
    if found is None:
        raise NotFound()
    listing, version = found
    items = (await repository.items_of(db, [listing_id])).get(listing_id, ())
    return facts_of(listing, version, items, await texts.get_many(db, [version.sha256]))


def facts_of(
    listing: Listing, version: ListingVersion, items: tuple[UUID, ...], documents: Mapping[str, Any]
) -> OfferFacts:
    fields = documents[version.sha256]["fields"]
    price = fields.get("price")
    return OfferFacts(
        listing_id=listing.id,
        n=version.n,
        sha256=version.sha256,
        kind=listing.kind,
        org_id=listing.org_id,
        state=listing.state,
        achievement_ids=items,
        mode=fields.get("mode"),
        licence_kind=fields.get("licence_kind"),
        price_form=fields.get("price_form"),
        price_minor=Money.parse(price["amount"]).minor if price else None,
        terms=dict(fields),
    )


def sale_of(facts: OfferFacts) -> Sale:
    """The terms as the gate of achievements asks for them."""
    scope = facts.terms.get("scope") or {}
    return Sale(
        facts.achievement_ids,
        facts.mode,
        facts.licence_kind,
        facts.org_id,
        scope.get("territory"),
        scope.get("field"),
        manner=manner_text(scope.get("manner")),
        terms_sha256=facts.sha256,
        approval_ids=approvals_of(facts),
        price_minor=facts.price_minor,
    )


def approvals_of(facts: OfferFacts) -> tuple[UUID, ...]:
    """The approvals of its own unit that an offer points to."""
    return tuple(UUID(one) for one in facts.terms.get("approval_ids", ()))


async def public_terms(db: AsyncSession, sha256: str) -> dict[str, Any]:
    """What of a version, by its hash, everybody sees."""
    return tiers.cut(await texts.get(db, sha256), as_far_as(Tier.PUBLIC))


async def owner_of(db: AsyncSession, listing_id: UUID) -> UUID:
    """Whose listing it is; one query, whether it is there or not."""
    found = (await repository.get_current(db, [listing_id])).get(listing_id)
    if found is None:
        raise NotFound()
    return found[0].org_id


async def owners_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Whose listing each of these is; an id that is no listing is left out."""
    return {id: listing.org_id for id, (listing, _) in (await repository.get_current(db, ids)).items()}


async def nodes_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The node that each of these listings is of; one that is of none is left out."""
    found = await repository.get_current(db, ids)
    return {id: listing.node_id for id, (listing, _) in found.items() if listing.node_id is not None}
