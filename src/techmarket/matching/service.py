"""What readers find, and how the index follows the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from techmarket.db import journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import BadCursor, Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.listings import events
from techmarket.listings import steps as listings
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps import IndexText
from techmarket.listings.views import ListingView
from techmarket.matching import policy, repository, rules, tokens
from techmarket.matching.repository import PUBLIC, REGISTERED, Hit, Indexed
from techmarket.matching.views import Filters, FoundView

READER = f"matching.index.{tokens.MODEL}"
FOLLOWED = tuple(
    event.kind
    for event in (
        events.ListingAccepted,
        events.ListingPublished,
        events.ListingAmended,
        events.ListingSubmitted,
        events.ListingReturned,
        events.ListingWithdrawn,
        events.ListingExpired,
        events.ListingRenewed,
        events.ListingClosed,
        events.ListingReopened,
    )
)
INDEX_BATCH = 200


async def search(
    tx: Tx, actor: Actor, *, query: str | None, filters: Filters, cursor: str | None, limit: int
) -> Page[FoundView]:
    """Listings by words and filters, best first; without words the newest first.

    Only text that the reader's standing opens on every listing takes part, in what is found, in the order and in the
    score; text under a grant takes part in nothing.
    """
    require(actor, policy.SEARCH)
    after = _after(cursor)
    tier = _tier(actor)
    async with tx.read() as db:
        if query is None:
            before = after[1] if after else None
            hits = await repository.browse(db, tier=tier, filters=filters, before=before, limit=limit + 1)
        else:
            wanted = rules.query_terms(tokens.terms(query))
            hits = await repository.search(db, tier=tier, wanted=wanted, filters=filters, after=after, limit=limit + 1)
        page = page_of(hits, limit, lambda hit: (hit.score_micro, str(hit.listing_id)))
        views = await listings.views_for(db, actor, [hit.listing_id for hit in page.items])
        return Page([_found(hit, views) for hit in page.items if hit.listing_id in views], page.next_cursor)


async def list_matches(tx: Tx, actor: Actor, listing_id: UUID, *, cursor: str | None, limit: int) -> Page[FoundView]:
    """Offers for a demand, demands for an offer, best first, each with what they have in common."""
    require(actor, policy.MATCH)
    after = _after(cursor)
    async with tx.read() as db:
        own = (await listings.views_for(db, actor, [listing_id])).get(listing_id)
        if own is None:
            raise NotFound()
        other = ListingKind.OFFER if own.kind is ListingKind.DEMAND else ListingKind.DEMAND
        hits = await repository.search(
            db,
            tier=_tier(actor),
            wanted=rules.query_terms(rules.terms_of(own.terms)),
            filters=Filters(kind=other),
            after=after,
            without=listing_id,
            limit=limit + 1,
        )
        page = page_of(hits, limit, lambda hit: (hit.score_micro, str(hit.listing_id)))
        views = await listings.views_for(db, actor, [hit.listing_id for hit in page.items])
        found = [_found(hit, views, own.terms) for hit in page.items if hit.listing_id in views]
        return Page(found, page.next_cursor)


def _tier(actor: Actor) -> int:
    return REGISTERED if actor.org_verified or actor.is_market else PUBLIC


def _after(cursor: str | None) -> tuple[int, UUID] | None:
    if cursor is None:
        return None
    score, raw = decode_cursor(cursor, int, str)
    try:
        return score, UUID(raw)
    except ValueError:
        raise BadCursor(pointer="/query/cursor") from None


def _found(hit: Hit, views: Mapping[UUID, ListingView], own: Mapping[str, Any] | None = None) -> FoundView:
    view = views[hit.listing_id]
    score = f"{hit.score_micro // 1_000_000}.{hit.score_micro % 1_000_000:06d}"
    if own is None:
        return FoundView(view, score, hit.terms)
    return FoundView(view, score, hit.terms, rules.shared(own, view.terms), rules.within_budget(own, view.terms))


async def follow(tx: Tx, *, limit: int = INDEX_BATCH) -> int:
    """Index what the journal says has changed since the last time; returns how many entries were handled.

    What is indexed is the present state, so handling an entry twice, or late, ends the same. The reader's row lock
    makes one worker at a time the writer of the index.
    """
    async with tx.begin() as db:
        position = await repository.lock_cursor(db, READER)
        head = await journal.head(db)
        if position is None or position >= head:
            return 0
        entries = await journal.read(db, after=position - 1, kinds=FOLLOWED, limit=limit)
        entries = [entry for entry in entries if entry.position < head]
        touched = list(dict.fromkeys(entry.ref("listing") for entry in entries))
        if touched:
            found = await listings.texts_for_index(db, touched)
            indexed: list[Indexed] = []
            postings: list[tuple[str, UUID, int, int]] = []
            for one in found.values():
                _index(one, indexed, postings)
                await asyncio.sleep(0)  # the API may share this process
            postings.sort()  # by term: the index pages of a batch are then written in one sweep
            await repository.replace(db, touched, indexed, postings)
        await repository.move_cursor(db, READER, entries[-1].position + 1 if len(entries) == limit else head)
        return len(entries)


def _index(one: IndexText, indexed: list[Indexed], postings: list[tuple[str, UUID, int, int]]) -> None:
    public = rules.terms_of(one.public)
    registered = public if one.registered == one.public else rules.terms_of(one.registered)
    for tier, found, fields in ((PUBLIC, public, one.public), (REGISTERED, registered, one.registered)):
        indexed.append(Indexed(one.listing_id, tier, one.kind, found.total(), rules.facts_of(fields)))
    terms = public.keys() | registered.keys()
    postings += [(term, one.listing_id, public[term], registered[term]) for term in terms]
