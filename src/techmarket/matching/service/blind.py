"""Blind matching (盲匹配): two who both agreed are told that they meet inside text neither may read; never where."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, delete, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import Permission, require
from techmarket.kernel.canonical import canonical_json
from techmarket.listings import steps as listings
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps import IndexText
from techmarket.listings.views import ListingView
from techmarket.matching import fitting, policy
from techmarket.matching.events import BlindConsentChanged, BlindMatchFound
from techmarket.matching.fitting import Fit
from techmarket.matching.service import turns
from techmarket.matching.tables import BlindConsent, BlindMatch

log = structlog.get_logger("techmarket.matching")
Pair = tuple[UUID, UUID]
HIDDEN_MIN = 12
SHARED_MIN = 6
SHARE_MIN = 0.3
SHARE_OF_LARGER_MIN = 0.1
"""Texts meet when each hides at least twelve terms, and at least six of them are hidden by both: three tenths of what
the one hides, and a tenth of what the other does. What either says openly counts nowhere, so that nobody can try single
words against a text that he may not read."""
AGREED_MAX = 2_000
COMPARED_EACH = timedelta(days=1)
"""A text that has changed is compared again once a day at most: it is no oracle for guesses."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A listing and the terms that stand nowhere in what a registered reader sees of it."""

    whole: IndexText
    terms: frozenset[str]

    @property
    def digest(self) -> bytes:
        """Names all that decides whether it meets another: what it hides, and what it asks for openly."""
        open_ = self.whole.cuts[Tier.REGISTERED]
        asked = {name: open_.get(name) for name in fitting.CONSTRAINED}
        return hashlib.sha256(canonical_json([sorted(self.terms), asked])).digest()


async def _hidden_of(one: IndexText) -> Hidden:
    every = await turns.terms_of(one.cuts[Tier.DEAL])
    open_ = await turns.terms_of(one.cuts[Tier.REGISTERED])
    return Hidden(one, frozenset(every.keys() - open_.keys()))


def meet(one: Hidden, other: Hidden) -> bool:
    """Whether two texts meet inside what both of them hide."""
    few, many = sorted((len(one.terms), len(other.terms)))
    if few < HIDDEN_MIN:
        return False
    shared = len(one.terms & other.terms)
    return shared >= SHARED_MIN and shared >= SHARE_MIN * few and shared >= SHARE_OF_LARGER_MIN * many


async def set_consent(tx: Tx, actor: Actor, listing_id: UUID, *, agrees: bool) -> bool:
    """The owner agrees that undisclosed text is compared, or no longer does: then what was found of it goes."""
    async with tx.begin() as db:
        await _require_owner(db, actor, listing_id, policy.AGREE_BLIND)
        await lock_name(db, "matching.blind")
        consent = await _consent(db, listing_id)
        now = await clock.market_now(db)
        if agrees and consent is None:
            db.add(BlindConsent(listing_id=listing_id, by=actor.person, at=now))
        elif agrees and consent is not None and consent.ended_at is not None:
            # When it was compared last stays: to take a consent back and give it again must not open another try.
            consent.by, consent.at, consent.ended_at, consent.text_hash = actor.person, now, None, None
        elif not agrees and consent is not None and consent.ended_at is None:
            consent.ended_at = now
            await db.execute(delete(BlindMatch).where(_of(listing_id)))
        journal.record(db, BlindConsentChanged(listing_id, agrees), actor=actor)
    return agrees


async def list_blind_matches(tx: Tx, actor: Actor, listing_id: UUID) -> tuple[bool, list[ListingView]]:
    """Whether the owner agreed, and the listings that meet his inside undisclosed text, as he may see them."""
    async with tx.read() as db:
        await _require_owner(db, actor, listing_id, policy.READ_BLIND)
        consent = await _consent(db, listing_id)
        rows = (await db.execute(select(BlindMatch).where(_of(listing_id)))).scalars().all()
        others = [row.demand_id if row.offer_id == listing_id else row.offer_id for row in rows]
        views = await listings.views_for(db, actor, sorted(others, reverse=True))
    return consent is not None and consent.ended_at is None, [view for view in views.values() if view.dossier is None]


async def _require_owner(db: AsyncSession, actor: Actor, listing_id: UUID, wanted: Permission) -> None:
    owner = await listings.known_owner_of(db, actor, listing_id)
    require(actor, wanted, parties=[owner])


async def _consent(db: AsyncSession, listing_id: UUID) -> BlindConsent | None:
    return await db.get(BlindConsent, listing_id, populate_existing=True)


def _of(listing_id: UUID) -> ColumnElement[bool]:
    return or_(BlindMatch.offer_id == listing_id, BlindMatch.demand_id == listing_id)


async def compare_blind(tx: Tx) -> int:
    """Compare what is new or has changed of those who agreed with all of them; returns how many matches are new.

    What does not meet any more goes, and so does what concerns a listing that is gone.
    """
    async with tx.read() as db:
        rows = (await db.execute(_agreed())).scalars().all()
        found = await listings.texts_for_index(db, [row.listing_id for row in rows])
        now = await clock.market_now(db)
    if len(rows) == AGREED_MAX:
        log.warning("blind_matching_is_full", most=AGREED_MAX)  # who agreed after these is not compared
    hidden = {id: await _hidden_of(one) for id, one in found.items()}
    changed = {
        row.listing_id
        for row in rows
        if row.listing_id in hidden
        and row.text_hash != hidden[row.listing_id].digest
        and (row.compared_at is None or now - row.compared_at >= COMPARED_EACH)
    }
    met = await _pairs_of(hidden, changed)
    return await _write_down(tx, hidden, changed, met, now)


def _agreed() -> Select[BlindConsent]:
    """The consents of listings that can be found now, the longest standing first."""
    is_there = text("EXISTS (SELECT 1 FROM search_document d WHERE d.space = 1 AND d.id = blind_consent.listing_id)")
    stands = BlindConsent.ended_at.is_(None)
    return (
        select(BlindConsent)
        .where(stands, is_there)
        .order_by(BlindConsent.at, BlindConsent.listing_id)
        .limit(AGREED_MAX)
    )


async def _write_down(
    tx: Tx, hidden: Mapping[UUID, Hidden], changed: Collection[UUID], met: Collection[Pair], now: datetime
) -> int:
    async with tx.begin() as db:
        await lock_name(db, "matching.blind")
        standing = select(BlindConsent.listing_id).where(BlindConsent.ended_at.is_(None))
        agreed = set((await db.execute(standing)).scalars())
        rows = (await db.execute(select(BlindMatch))).scalars().all()
        known, left = set(), set()
        for row in rows:
            pair = (row.offer_id, row.demand_id)
            is_judged = any(id in changed for id in pair)
            stands = all(id in agreed and id in hidden for id in pair)
            # What is asked for openly is looked at each time: it tells nothing of what is hidden.
            if stands and _may_meet(*(hidden[id] for id in pair)) and not (is_judged and pair not in met):
                known.add(pair)
            else:
                await db.delete(row)
                left |= {id for id in pair if id not in hidden}
        fresh = sorted(pair for pair in set(met) - known if agreed.issuperset(pair))
        for offer_id, demand_id in fresh:
            db.add(BlindMatch(offer_id=offer_id, demand_id=demand_id))
            for id in (offer_id, demand_id):
                journal.record(db, BlindMatchFound(offer_id, demand_id, hidden[id].whole.org_id), actor=None)
        # What left the market and comes back as it was is compared as if it were new.
        forget = update(BlindConsent).where(BlindConsent.listing_id.in_(left)).values(text_hash=None)
        await db.execute(forget)
        for id in changed:
            compared = {"text_hash": hidden[id].digest, "compared_at": now}
            await db.execute(update(BlindConsent).where(BlindConsent.listing_id == id).values(**compared))
        return len(fresh)


async def _pairs_of(hidden: Mapping[UUID, Hidden], changed: Collection[UUID]) -> set[Pair]:
    """Offers and demands of different organisations, one of them new or changed, that meet and miss no constraint."""
    holders: dict[str, list[UUID]] = {}
    for id, one in hidden.items():
        for term in one.terms:
            holders.setdefault(term, []).append(id)
    met = set()
    for id in sorted(changed):
        shared = Counter(other for term in hidden[id].terms for other in holders[term])
        for other, count in shared.items():
            if count < SHARED_MIN or hidden[id].whole.kind is hidden[other].whole.kind:
                continue
            is_offer = hidden[id].whole.kind is ListingKind.OFFER
            offer, demand = (hidden[id], hidden[other]) if is_offer else (hidden[other], hidden[id])
            if _may_meet(offer, demand) and meet(offer, demand):
                met.add((offer.whole.listing_id, demand.whole.listing_id))
        await asyncio.sleep(0)
    return met


def _may_meet(offer: Hidden, demand: Hidden) -> bool:
    open_ = [one.whole.cuts[Tier.REGISTERED] for one in (demand, offer)]
    return offer.whole.org_id != demand.whole.org_id and Fit.MISSED not in fitting.constraints(*open_).values()
