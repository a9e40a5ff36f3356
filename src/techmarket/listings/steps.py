"""What later rooms may do with listings inside their own transaction; `views_for` is the one door out."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.licences import manner_text
from techmarket.achievements.steps import AchievementFacts, Sale
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Reach, Tier, as_far_as
from techmarket.identity import steps as identity
from techmarket.identity.actor import ANONYMOUS, Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.listings import errors, repository, rules, tiers
from techmarket.listings.events import (
    ListingAmended,
    ListingClosed,
    ListingDisengaged,
    ListingDrafted,
    ListingEngaged,
    ListingMovedToNode,
    ListingPublished,
    ListingReopened,
    ListingSubmitted,
    ListingWithdrawn,
)
from techmarket.listings.lifecycle import FINDABLE, KNOWN, LISTING, REVIEWED, SYNDICATED, ListingState
from techmarket.listings.repository import Shown, Sign
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.listings.tables import Listing, ListingItem, ListingVersion
from techmarket.listings.views import Dossier, ListingView, VersionView

SHANGHAI = ZoneInfo("Asia/Shanghai")
Signs = tuple[Sign, ...]


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


def listing_ref(listing_id: UUID) -> Ref:
    return Ref("listing", listing_id)


# --- writing --------------------------------------------------------------------------------------------------------


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


# --- what other markets have published --------------------------------------------------------------------------------


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


# --- trading's claims -----------------------------------------------------------------------------------------------


async def get_offer_facts(db: AsyncSession, listing_id: UUID) -> OfferFacts:
    """Everything about the current version; for rooms to the right, never for a reader."""
    found = (await repository.get_current(db, [listing_id])).get(listing_id)
    if found is None:
        raise NotFound()
    listing, version = found
    items = (await repository.items_of(db, [listing_id])).get(listing_id, ())
    return facts_of(listing, version, items, await texts.get_many(db, [version.sha256]))


async def owner_of(db: AsyncSession, listing_id: UUID) -> UUID:
    """Whose listing it is; one query, whether it is there or not."""
    found = (await repository.get_current(db, [listing_id])).get(listing_id)
    if found is None:
        raise NotFound()
    return found[0].org_id


async def known_owner_of(db: AsyncSession, actor: Actor, listing_id: UUID) -> UUID:
    """Whose listing it is, for a reader who may know of it; to others it is not there, after the same one query."""
    found = await repository.shown(db, [listing_id])
    if not found or not may_know(actor, found[0]):
        raise NotFound()
    return found[0].org_id


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


async def public_terms(db: AsyncSession, sha256: str) -> dict[str, Any]:
    """What of a version, by its hash, everybody sees."""
    return tiers.cut(await texts.get(db, sha256), as_far_as(Tier.PUBLIC))


def approvals_of(facts: OfferFacts) -> tuple[UUID, ...]:
    """The approvals of its own unit that an offer points to."""
    return tuple(UUID(one) for one in facts.terms.get("approval_ids", ()))


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


async def today(db: AsyncSession) -> date:
    """The day of the law: the Shanghai day of the market's instant."""
    return (await clock.market_now(db)).astimezone(SHANGHAI).date()


# --- the one door ---------------------------------------------------------------------------------------------------


async def views_for(db: AsyncSession, actor: Actor, listing_ids: Iterable[UUID]) -> dict[UUID, ListingView]:
    """The one door: listings leave this room only here, cut to the tier that the reader reaches on each of them.

    What the reader may not know of is left out. The order is that of the ids.
    """
    wanted = list(dict.fromkeys(listing_ids))
    if not wanted:
        return {}
    rows = [row for row in await repository.shown(db, wanted) if may_know(actor, row)]
    if not rows:
        return {}
    reach = await disclosure.reaches(db, actor, {listing_ref(row.id): row.org_id for row in rows})
    views = {row.id: _view(actor, row, reach[listing_ref(row.id)]) for row in rows}
    return {id: views[id] for id in wanted if id in views}


async def terms_up_to(db: AsyncSession, view: ListingView, tier: Tier) -> dict[str, Any]:
    """The terms of a listing that one reads, without what stands above a tier, though he may read that, too."""
    if view.reach <= tier:
        return view.terms
    (row,) = await repository.shown(db, [view.id])
    return tiers.cut(msgspec.json.decode(row.body), as_far_as(tier))


async def public_view(tx: Tx, listing_id: UUID) -> tuple[ListingView | None, Signs]:
    """The same door for the anonymous reader of one listing, in one statement: no grant reaches him.

    With it the signs of what it was made of: as long as `public_signs` are these, the view is this one.
    """
    rows = await repository.shown_to_all(tx, listing_id)
    views = _public_views(rows)
    return views[0] if views else None, tuple(row.sign for row in rows)


async def public_page(
    tx: Tx, *, kind: ListingKind | None, before: UUID | None, limit: int
) -> tuple[list[ListingView], Signs]:
    """The same for the newest that he finds."""
    rows = await repository.page_shown_to_all(tx, states=FINDABLE, kind=kind, before=before, limit=limit)
    return _public_views(rows), tuple(row.sign for row in rows)


async def public_signs(tx: Tx, listing_ids: Collection[UUID]) -> Signs:
    return await repository.signs(tx, listing_ids)


async def public_signs_within(db: AsyncSession, listing_ids: Collection[UUID]) -> Signs:
    """The same, of the moment of a transaction."""
    return await repository.signs_within(db, listing_ids)


async def public_page_signs(tx: Tx, *, kind: ListingKind | None, before: UUID | None, limit: int) -> Signs:
    return await repository.signs_of_page(tx, states=FINDABLE, kind=kind, before=before, limit=limit)


def _public_views(rows: Sequence[Shown]) -> list[ListingView]:
    return [
        _view(ANONYMOUS, row, disclosure.reach_without_grants(ANONYMOUS, row.org_id))
        for row in rows
        if may_know(ANONYMOUS, row)
    ]


class Owned(Protocol):
    """A listing as a row of the table or of a statement: whose it is, and its state."""

    @property
    def state(self) -> Any: ...

    @property
    def org_id(self) -> UUID: ...

    @property
    def node_id(self) -> UUID | None: ...


def may_know(actor: Actor, listing: Owned) -> bool:
    return listing.state in KNOWN or is_inside(actor, listing)


def is_inside(actor: Actor, listing: Owned) -> bool:
    """Who sees it in every state: its owner, the market, and the operators of its node."""
    is_of_mine = actor.node is not None and actor.node == listing.node_id
    return actor.is_market or is_of_mine or (actor.org_id is not None and actor.org_id == listing.org_id)


def _view(actor: Actor, row: Shown, reach: Reach) -> ListingView:
    document, dossier = msgspec.json.decode(row.body), None
    if is_inside(actor, row):
        dossier = Dossier(
            row.n,
            row.sha256,
            row.revision,
            document["raised"],
            row.returned_because,
            row.engaged_by,
            row.is_held,
            row.publish_at,
        )
    return ListingView(
        id=row.id,
        kind=ListingKind(row.kind),
        state=ListingState(row.state),
        organisation_id=row.org_id,
        published_at=row.published_at,
        expires_on=row.expires_on,
        reach=reach.highest,
        terms=tiers.cut(document, reach),
        achievement_ids=tuple(row.achievement_ids),
        dossier=dossier,
    )


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


async def granted_to(db: AsyncSession, actor: Actor, *, limit: int) -> dict[UUID, Tier]:
    """Findable listings of others of which a grant in force opens more to this reader than his standing does."""
    refs = await disclosure.granted_subjects(db, actor, "listing", limit=limit)
    found = await repository.get_current(db, [ref.id for ref in refs]) if refs else {}
    day = await today(db)
    owners = {
        listing_ref(id): listing.org_id
        for id, (listing, _) in found.items()
        if rules.stands_as(listing.state, listing.expires_on, day) in FINDABLE and not is_inside(actor, listing)
    }
    reached = await disclosure.reaches(db, actor, owners) if owners else {}
    # Of who deals without an agreement search knows no more than of others: its texts grow tier by tier.
    return {ref.id: reach.highest for ref, reach in reached.items() if reach.under_nda}


async def owners_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Whose listing each of these is; an id that is no listing is left out."""
    return {id: listing.org_id for id, (listing, _) in (await repository.get_current(db, ids)).items()}


async def nodes_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The node that each of these listings is of; one that is of none is left out."""
    found = await repository.get_current(db, ids)
    return {id: listing.node_id for id, (listing, _) in found.items() if listing.node_id is not None}


async def tier_of_change(db: AsyncSession, listing_id: UUID, n: int) -> Tier | None:
    """The lowest tier whose readers see version `n` differ from the one before it; None where nobody does."""
    hashes = await repository.hashes_of(db, [(listing_id, n - 1), (listing_id, n)])
    if len(hashes) < 2:
        return None
    documents = await texts.get_many(db, hashes.values())
    before, after = (documents[hashes[listing_id, which]] for which in (n - 1, n))
    ways = ((tier, as_far_as(tier)) for tier in Tier)
    return next((tier for tier, reach in ways if tiers.cut(before, reach) != tiers.cut(after, reach)), None)
