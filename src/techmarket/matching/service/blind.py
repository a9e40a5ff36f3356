"""Blind matching (盲匹配): two who both agreed are told that they meet inside text neither may read; never where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import Permission, require
from techmarket.listings import steps as listings
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps import IndexText
from techmarket.listings.views import ListingView
from techmarket.matching import fitting, policy, texts
from techmarket.matching.events import BlindConsentChanged, BlindMatchFound
from techmarket.matching.fitting import Fit
from techmarket.matching.tables import BlindConsent, BlindMatch

SHARED_MIN = 4
SHARE_MIN = 0.3
"""Texts meet when at least four terms that the one hides stand in the other, and three tenths of what it hides."""
AGREED_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Hidden:
    """A listing with all its terms, and those that stand nowhere in what a registered reader sees."""

    whole: IndexText
    terms: Mapping[str, int]
    hidden: frozenset[str]


def hidden_of(one: IndexText) -> Hidden:
    terms = texts.terms_of(one.cuts[Tier.DEAL])
    open_ = texts.terms_of(one.cuts[Tier.REGISTERED])
    return Hidden(one, terms, frozenset(terms.keys() - open_.keys()))


def meet(one: Hidden, other: Hidden) -> bool:
    """Whether what one of them hides stands in the other, in words of either."""
    return _inside(one, other) or _inside(other, one)


def _inside(one: Hidden, other: Hidden) -> bool:
    shared = one.hidden & other.terms.keys()
    return len(shared) >= SHARED_MIN and len(shared) >= SHARE_MIN * len(one.hidden)


async def set_consent(tx: Tx, actor: Actor, listing_id: UUID, *, agrees: bool) -> bool:
    """The owner agrees that undisclosed text is compared, or no longer does: then what was found of it goes."""
    async with tx.begin() as db:
        await _require_owner(db, actor, listing_id, policy.AGREE_BLIND)
        await lock_name(db, "matching.blind")
        if agrees:
            statement = insert(BlindConsent).values(listing_id=listing_id, by=actor.person)
            await db.execute(statement.on_conflict_do_nothing(index_elements=["listing_id"]))
        else:
            await db.execute(delete(BlindConsent).where(BlindConsent.listing_id == listing_id))
            await db.execute(delete(BlindMatch).where(_of(listing_id)))
        journal.record(db, BlindConsentChanged(listing_id, agrees), actor=actor)
    return agrees


async def list_blind_matches(tx: Tx, actor: Actor, listing_id: UUID) -> tuple[bool, list[ListingView]]:
    """Whether the owner agreed, and the listings that meet his inside undisclosed text, as he may see them."""
    async with tx.read() as db:
        await _require_owner(db, actor, listing_id, policy.READ_BLIND)
        agreed = await db.get(BlindConsent, listing_id) is not None
        rows = (await db.execute(select(BlindMatch).where(_of(listing_id)))).scalars().all()
        others = [row.demand_id if row.offer_id == listing_id else row.offer_id for row in rows]
        views = await listings.views_for(db, actor, sorted(others, reverse=True))
    return agreed, [view for view in views.values() if view.dossier is None]


async def _require_owner(db: AsyncSession, actor: Actor, listing_id: UUID, wanted: Permission) -> None:
    owner = await listings.known_owner_of(db, actor, listing_id)
    require(actor, wanted, parties=[owner])


def _of(listing_id: UUID) -> ColumnElement[bool]:
    return or_(BlindMatch.offer_id == listing_id, BlindMatch.demand_id == listing_id)


async def compare_blind(tx: Tx) -> int:
    """Compare all that agreed; returns how many matches are new. What does not meet any more goes."""
    async with tx.begin() as db:
        await lock_name(db, "matching.blind")
        agreed = (
            await db.execute(select(BlindConsent.listing_id).order_by(BlindConsent.at).limit(AGREED_MAX))
        ).scalars()
        found = await listings.texts_for_index(db, list(agreed))
        hidden = [hidden_of(one) for one in found.values()]
        met = set(pairs_of(hidden))
        rows = (await db.execute(select(BlindMatch))).scalars().all()
        known = {(row.offer_id, row.demand_id) for row in rows}
        for row in rows:
            if (row.offer_id, row.demand_id) not in met:
                await db.delete(row)
        for offer_id, demand_id in sorted(met - known):
            db.add(BlindMatch(offer_id=offer_id, demand_id=demand_id))
            journal.record(db, BlindMatchFound(offer_id, demand_id), actor=None)
        return len(met - known)


def pairs_of(hidden: Sequence[Hidden]) -> list[tuple[UUID, UUID]]:
    """Offers and demands of different organisations that meet, and miss no constraint."""
    offers = [one for one in hidden if one.whole.kind is ListingKind.OFFER]
    demands = [one for one in hidden if one.whole.kind is ListingKind.DEMAND]
    return [
        (offer.whole.listing_id, demand.whole.listing_id)
        for demand in demands
        for offer in offers
        if offer.whole.org_id != demand.whole.org_id
        and Fit.MISSED
        not in fitting.constraints(demand.whole.cuts[Tier.REGISTERED], offer.whole.cuts[Tier.REGISTERED]).values()
        and meet(offer, demand)
    ]
