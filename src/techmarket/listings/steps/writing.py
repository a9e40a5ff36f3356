"""Writing listings and their versions."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.steps import AchievementFacts
from techmarket.db import clock, journal, texts
from techmarket.disclosure import steps as disclosure
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import new_id
from techmarket.listings import errors, repository, rules
from techmarket.listings.events import ListingAmended, ListingDrafted, ListingMovedToNode, ListingSubmitted
from techmarket.listings.lifecycle import LISTING, REVIEWED, ListingState
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.listings.steps.facts import get_offer_facts, listing_ref, sale_of, today
from techmarket.listings.tables import Listing, ListingItem, ListingVersion
from techmarket.listings.views import VersionView


async def create_many(
    db: AsyncSession,
    org_id: UUID,
    kind: ListingKind,
    drafts: Sequence[ListingDraft],
    *,
    submit: bool,
    actor: Actor,
) -> list[UUID]:
    """Many listings of one organisation in a handful of statements, in the order given; submitted or as drafts."""
    for draft in drafts:
        rules.check_draft(kind, draft)
    named = [achievement_id for draft in drafts for achievement_id in draft.achievement_ids]
    facts = await achievements.get_facts(db, named)
    if submit:
        for draft in drafts:
            rules.check_complete(kind, _fields(draft, facts), draft.achievement_ids)
    made = {new_id(): draft for draft in drafts}
    now = await clock.market_now(db)
    owner = await identity.get_organisation(db, org_id)
    state = ListingState.SUBMITTED if submit else ListingState.DRAFT
    rows = [
        {
            "id": id,
            "kind": kind,
            "org_id": org_id,
            "node_id": owner.node_id,
            "state": state,
            "current_n": 1,
            "revision": 1,
            "expires_on": draft.expires_on,
            "is_held": draft.is_held,
            "publish_at": draft.publish_at,
            "submitted_at": now if submit else None,
        }
        for id, draft in made.items()
    ]
    await repository.insert_many(db, Listing, rows)
    await _write_versions(db, org_id, kind, {(id, 1): draft for id, draft in made.items()}, facts, actor)
    await disclosure.open_rooms(db, {listing_ref(listing_id): org_id for listing_id in made})
    for listing_id in made:
        journal.record(db, ListingDrafted(listing_id, org_id, kind), actor=actor)
        if submit:
            journal.record(db, ListingSubmitted(listing_id), actor=actor)
    return list(made)


async def _write_versions(
    db: AsyncSession,
    org_id: UUID,
    kind: ListingKind,
    drafts: Mapping[tuple[UUID, int], ListingDraft],
    facts: Mapping[UUID, AchievementFacts],
    actor: Actor,
) -> list[dict[str, Any]]:
    """Write each version once: its terms as a text named by hash, its row, its items."""
    for draft in drafts.values():
        for achievement_id in draft.achievement_ids:
            if achievement_id not in facts or facts[achievement_id].org_id != org_id:
                raise errors.AchievementUnknown(achievement=achievement_id, pointer="/body/achievement_ids")
    documents = [
        {
            "kind": kind.value,
            "fields": _fields(draft, facts),
            "raised": dict(draft.raised),
            "achievements": [str(id) for id in draft.achievement_ids],
            # Without it a reader who knows the hash could test guesses about terms that he may not see.
            "nonce": secrets.token_hex(16),
        }
        for draft in drafts.values()
    ]
    hashes = await texts.put_many(db, documents)
    versions = [
        {"listing_id": listing_id, "n": n, "sha256": sha, "by": actor.person}
        for (listing_id, n), sha in zip(drafts, hashes, strict=True)
    ]
    items = [
        {"listing_id": listing_id, "n": n, "position": position, "achievement_id": achievement_id}
        for (listing_id, n), draft in drafts.items()
        for position, achievement_id in enumerate(draft.achievement_ids)
    ]
    await repository.insert_many(db, ListingVersion, versions)
    await repository.insert_many(db, ListingItem, items)
    return documents


def _fields(draft: ListingDraft, facts: Mapping[UUID, AchievementFacts]) -> dict[str, Any]:
    """The terms as stated; an offer of one achievement takes from it what it does not state itself."""
    fields = {name: value for name, value in draft.fields.items() if value not in (None, [], {})}
    known = [facts[id] for id in draft.achievement_ids if id in facts]
    rights = [{"kind": r.kind.value, "number": r.number} for one in known for r in one.rights]
    if rights:
        fields["rights"] = rights
    if len(known) == 1:
        taken = {
            "summary_zh": known[0].abstract_zh,
            "summary_en": known[0].abstract_en,
            "keywords": list(known[0].keywords),
            "technology_field": known[0].technology_field,
            "industry": known[0].industry,
            "ipc": list(known[0].ipc),
            "trl": known[0].trl,
        }
        if "summary_zh" in fields or "summary_en" in fields:
            taken["summary_zh"] = taken["summary_en"] = None
        fields = {name: value for name, value in taken.items() if value not in (None, [])} | fields
    return fields


async def revise(db: AsyncSession, listing_id: UUID, draft: ListingDraft, actor: Actor) -> Listing:
    """A new version of the terms. A published listing stays published only if no stranger sees the change."""
    listing = await repository.lock(db, listing_id)
    return await revise_locked(db, listing, draft, actor)


async def revise_locked(db: AsyncSession, listing: Listing, draft: ListingDraft, actor: Actor) -> Listing:
    was_reviewed = listing.state in REVIEWED
    listing.state = LISTING.move(listing.state, "amend")
    rules.check_draft(listing.kind, draft)
    facts = await achievements.get_facts(db, draft.achievement_ids)
    before = await document_of(db, listing)
    n = listing.current_n + 1
    (after,) = await _write_versions(db, listing.org_id, listing.kind, {(listing.id, n): draft}, facts, actor)
    shows = rules.needs_review(before, after) or listing.expires_on != draft.expires_on
    journal.record(db, ListingAmended(listing.id, n), actor=actor)
    if was_reviewed and shows:
        rules.check_complete(listing.kind, after["fields"], draft.achievement_ids)
        listing.state = LISTING.move(listing.state, "review again")
        listing.submitted_at = await clock.market_now(db)
        await disclosure.hide_rooms(db, [listing_ref(listing.id)])
        journal.record(db, ListingSubmitted(listing.id), actor=actor)
    listing.current_n = n
    if rules.needs_review(before, after):
        listing.shown_n = n
    listing.expires_on = draft.expires_on
    if listing.state is not ListingState.PUBLISHED:
        listing.is_held, listing.publish_at = draft.is_held, draft.publish_at
    listing.revision += 1
    await db.flush()
    return listing


async def submit(db: AsyncSession, listing_id: UUID, actor: Actor) -> None:
    """Ask for review on behalf of its owner; where that was done already, nothing happens."""
    listing = await repository.lock(db, listing_id)
    if LISTING.can(listing.state, "submit"):
        await submit_locked(db, listing, actor)


async def submit_locked(db: AsyncSession, listing: Listing, actor: Actor) -> None:
    before, listing.state = listing.state, LISTING.move(listing.state, "submit")
    if before is ListingState.SUBMITTED:
        return
    facts = await get_offer_facts(db, listing.id)
    rules.check_complete(listing.kind, facts.terms, facts.achievement_ids)
    rules.check_expiry(listing.expires_on, await today(db))
    (refusal,) = await achievements.unsellable(db, [sale_of(facts)])
    if refusal is not None:
        raise refusal
    listing.revision += 1
    listing.returned_because = None
    listing.submitted_at = await clock.market_now(db)
    journal.record(db, ListingSubmitted(listing.id), actor=actor)
    await db.flush()


async def document_of(db: AsyncSession, listing: Listing) -> dict[str, Any]:
    version = await db.get(ListingVersion, (listing.id, listing.current_n))
    assert version is not None
    return await texts.get(db, version.sha256)


async def versions_of(db: AsyncSession, listing_id: UUID) -> list[VersionView]:
    """Every version in order; the hash names its text for ever."""
    return [VersionView(row.n, row.sha256, row.created_at) for row in await repository.list_versions(db, listing_id)]


async def changes_since_accepted(db: AsyncSession, listings: Sequence[Listing]) -> dict[UUID, list[str]]:
    """For each listing the terms that a reviewer has not accepted yet; all of them, if he never accepted any."""
    wanted = [(one.id, n) for one in listings for n in {one.current_n, one.accepted_n} - {None}]
    hashes = await repository.hashes_of(db, [(listing_id, n) for listing_id, n in wanted if n is not None])
    documents = await texts.get_many(db, hashes.values())
    changed = {}
    for one in listings:
        before = documents[hashes[one.id, one.accepted_n]] if one.accepted_n is not None else None
        changed[one.id] = rules.changed_fields(before, documents[hashes[one.id, one.current_n]])
    return changed


async def move_to_node(db: AsyncSession, org_id: UUID, node_id: UUID | None, *, actor: Actor | None) -> None:
    """All listings of an organisation are of the node that it belongs to now. Of each that can be found it is on
    record, so that whoever follows one node alone hears of it."""
    node = None if node_id is None else str(node_id)
    for id, left in await repository.set_node(db, org_id, node_id):
        journal.record(db, ListingMovedToNode(id, None if left is None else str(left), node), actor=actor)
