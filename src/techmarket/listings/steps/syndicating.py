"""What other markets have published, shown here as listings of the organisations that stand for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import new_id
from techmarket.listings import repository, rules, tiers
from techmarket.listings.events import ListingPublished, ListingWithdrawn
from techmarket.listings.lifecycle import LISTING, SYNDICATED, ListingState
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.listings.steps.writing import _write_versions
from techmarket.listings.tables import Listing


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A listing of another market: its terms with the tiers that it has there, and where it is traded."""

    kind: ListingKind
    fields: Mapping[str, Any]
    registered: frozenset[str]
    expires_on: date | None


async def syndicate(db: AsyncSession, org_id: UUID, said: Elsewhere, *, known: UUID | None, actor: Actor) -> UUID:
    """Show what another market has published, under the organisation that stands for it; anew where it changed.

    Nobody trades it here. What an operator of this market took down stays down.
    """
    raised = {
        name: Tier.REGISTERED.name
        for name in sorted(said.registered)
        if tiers.field_tiers(said.kind, {}).get(name) is Tier.PUBLIC and name not in tiers.ALWAYS_PUBLIC
    }
    draft = ListingDraft(said.fields, raised, (), said.expires_on)
    rules.check_draft(said.kind, draft)
    if known is None:
        listing = Listing(
            id=new_id(),
            kind=said.kind,
            org_id=org_id,
            state=LISTING.initial,
            current_n=0,
            revision=0,
            is_syndicated=True,
        )
        db.add(listing)
        await db.flush()
    else:
        listing = await repository.lock(db, known)
        if listing.state is ListingState.RETURNED:
            return listing.id
    listing.state = SYNDICATED.move(listing.state, "show")
    n = listing.current_n + 1
    await _write_versions(db, org_id, said.kind, {(listing.id, n): draft}, {}, actor)
    listing.current_n = listing.accepted_n = listing.shown_n = n
    listing.revision += 1
    listing.expires_on = said.expires_on
    listing.published_at = listing.published_at or await clock.market_now(db)
    journal.record(db, ListingPublished(listing.id, n), actor=actor)
    await db.flush()
    return listing.id


async def end_syndicated(db: AsyncSession, listing_id: UUID, actor: Actor) -> None:
    """The other market shows it no more, and so it is not shown here. Twice is harmless."""
    listing = await repository.lock(db, listing_id)
    if listing.is_syndicated and SYNDICATED.can(listing.state, "end"):
        listing.state = SYNDICATED.move(listing.state, "end")
        listing.revision += 1
        journal.record(db, ListingWithdrawn(listing.id), actor=actor)
        await db.flush()


async def syndicated_among(db: AsyncSession, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these are another market's."""
    return {id for id, (listing, _) in (await repository.get_current(db, ids)).items() if listing.is_syndicated}
