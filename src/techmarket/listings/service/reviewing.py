"""The operator's queue: what waits, what became of it and why; and the second phase, when the owner publishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.disclosure import steps as disclosure
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.identity.permissions import allows, require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotAllowed, NotFound, Refusal
from techmarket.listings import errors, policy, repository, rules, steps
from techmarket.listings.events import ListingAccepted, ListingHeldBack, ListingPublished, ListingReturned
from techmarket.listings.lifecycle import LISTING, ListingState
from techmarket.listings.rules import Decision, ListingKind, ReturnReason
from techmarket.listings.service.showing import lock_known, view_of
from techmarket.listings.tables import Listing, ListingReview
from techmarket.listings.views import ListingView, QueueLine, ReviewOutcome, ReviewView

REVIEWS_MAX = 500


async def accept(tx: Tx, actor: Actor, listing_id: UUID, *, read: str | None = None) -> ListingView:
    """An operator lets the public see it, or, where its owner holds the publication back, lets him publish it.

    `read` is the hash of the version that he has read: what was written meanwhile is another one.
    """
    async with tx.begin() as db:
        listing = await lock_known(db, actor, listing_id)
        require(actor, policy.REVIEW, node=listing.node_id)
        await _check_read(db, listing, read)
        (refusal,) = await _accept_many(db, actor, [listing])
        if refusal is not None:
            raise refusal
        return await view_of(db, actor, listing_id)


async def return_(
    tx: Tx,
    actor: Actor,
    listing_id: UUID,
    *,
    reason: str,
    reasons: Sequence[ReturnReason] = (),
    read: str | None = None,
) -> ListingView:
    """An operator returns it with a reason: before it was published, or to take it down."""
    async with tx.begin() as db:
        listing = await lock_known(db, actor, listing_id)
        require(actor, policy.REVIEW, node=listing.node_id)
        await _check_read(db, listing, read)
        (refusal,) = await _return_many(db, actor, [listing], reason, reasons)
        if refusal is not None:
            raise refusal
        return await view_of(db, actor, listing_id)


async def review_many(
    tx: Tx,
    actor: Actor,
    listing_ids: Sequence[UUID],
    *,
    returns: bool = False,
    reason: str | None = None,
    reasons: Sequence[ReturnReason] = (),
    read: Mapping[UUID, str],
) -> list[ReviewOutcome]:
    """An operator accepts a pile, or returns it for one reason; each listing is decided by itself.

    `read` names the version of each that he has read, by its hash; one that it does not name is not decided.
    """
    require(actor, policy.REVIEW, node=actor.node)
    if len(listing_ids) > REVIEWS_MAX:
        raise errors.ReviewsTooMany(most=REVIEWS_MAX, pointer="/body/listing_ids")
    if returns and reason is None:
        raise errors.ReasonMissing(pointer="/body/reason")
    async with tx.begin() as db:
        locked = await repository.lock_many(db, listing_ids)
        # What is of another node is not there for this operator, whatever its state.
        found = [one for one in locked if allows(actor, policy.REVIEW, node=one.node_id)]
        changed = await _changed(db, found, read)
        listings = [one for one in found if one.id not in changed]
        if returns:
            decided = await _return_many(db, actor, listings, reason or "", reasons)
        else:
            decided = await _accept_many(db, actor, listings)
        refusals: dict[UUID, Refusal | None] = {
            listing.id: refusal for listing, refusal in zip(listings, decided, strict=True)
        }
        refusals |= dict.fromkeys(changed, errors.Changed())
        done = "returned" if returns else "accepted"
        return [_outcome(id, refusals.get(id, NotFound()), done) for id in dict.fromkeys(listing_ids)]


async def _changed(db: AsyncSession, listings: Sequence[Listing], read: Mapping[UUID, str]) -> list[UUID]:
    """Which of them say something else by now than what was read, or were not read at all."""
    current = await repository.get_current(db, [one.id for one in listings])
    return [id for id, (_, version) in current.items() if version.sha256 != read.get(id)]


async def _check_read(db: AsyncSession, listing: Listing, read: str | None) -> None:
    if read is not None and await _changed(db, [listing], {listing.id: read}):
        raise errors.Changed()


def _outcome(listing_id: UUID, refusal: Refusal | None, done: str) -> ReviewOutcome:
    if refusal is None:
        return ReviewOutcome(listing_id, done)
    return ReviewOutcome(listing_id, "refused", refusal.code, refusal.detail("zh-CN"))


async def _accept_many(db: AsyncSession, actor: Actor, listings: Sequence[Listing]) -> list[Refusal | None]:
    """Locked listings are accepted where nothing forbids it; for each, what forbade it, or None."""
    found = zip(
        await _of_own(db, actor, listings),
        await _of_own_hand(db, actor, listings),
        await _forbidden(db, listings),
        strict=True,
    )
    forbidden = [mine or written or said for mine, written, said in found]
    now = await clock.market_now(db)
    today = now.astimezone(steps.SHANGHAI).date()
    decided: list[Refusal | None] = []
    shown: list[Listing] = []
    for listing, refusal in zip(listings, forbidden, strict=True):
        try:
            state = LISTING.move(listing.state, "accept and hold" if listing.is_held else "accept")
            rules.check_expiry(listing.expires_on, today)
        except Refusal as found:
            decided.append(found)
            continue
        decided.append(refusal)
        if refusal is None:
            listing.state, listing.returned_because, listing.accepted_n = state, None, listing.current_n
            listing.revision += 1
            _note(db, actor, listing, Decision.ACCEPTED)
            is_published = state is ListingState.PUBLISHED
            journal.record(db, ListingAccepted(listing.id, listing.current_n, is_published), actor=actor)
            if is_published:
                listing.published_at = now
                shown.append(listing)
    for until in {one.expires_on for one in shown}:
        rooms = [steps.listing_ref(one.id) for one in shown if one.expires_on == until]
        await disclosure.show_rooms(db, rooms, until=until)
    await db.flush()
    return decided


async def _of_own(db: AsyncSession, actor: Actor, listings: Sequence[Listing]) -> list[Refusal | None]:
    """Nobody lets the public see what an organisation of his own offers or seeks."""
    mine = (await identity.get_people(db, [actor.person]))[actor.person].org_ids
    needs = "somebody who belongs to no party"
    refusal = NotAllowed(needs=needs, operation=policy.REVIEW.operation)
    return [refusal if one.org_id in mine else None for one in listings]


async def _of_own_hand(db: AsyncSession, actor: Actor, listings: Sequence[Listing]) -> list[Refusal | None]:
    """Nobody lets the public see what he wrote himself, as an import for others, or for whom he registered.

    So it is with everybody behind whom his own hand stands: two people have seen what becomes public.
    """
    authors = await repository.authors_of(db, [one.id for one in listings])
    behind = await identity.entered_by(db, {one.org_id for one in listings})
    everybody = {*authors.values(), *(person for people in behind.values() for person in people)}
    apart = await identity.apart_of(db, actor.person, everybody)
    return [OneHandBehindBoth() if apart & {authors[one.id], *behind.get(one.org_id, ())} else None for one in listings]


async def _forbidden(db: AsyncSession, listings: Sequence[Listing]) -> list[Refusal | None]:
    """For each listing what its achievements say against its terms, or None."""
    current = await repository.get_current(db, [listing.id for listing in listings])
    items = await repository.items_of(db, current)
    documents = await texts.get_many(db, [version.sha256 for _, version in current.values()])
    facts = [
        steps.facts_of(listing, current[listing.id][1], items.get(listing.id, ()), documents) for listing in listings
    ]
    return list(await achievements.unsellable(db, [steps.sale_of(one) for one in facts]))


async def _return_many(
    db: AsyncSession, actor: Actor, listings: Sequence[Listing], reason: str, reasons: Sequence[ReturnReason]
) -> list[Refusal | None]:
    decided: list[Refusal | None] = []
    hidden = []
    for listing in listings:
        try:
            listing.state = LISTING.move(listing.state, "return")
        except Refusal as refusal:
            decided.append(refusal)
            continue
        decided.append(None)
        listing.returned_because = reason
        listing.revision += 1
        _note(db, actor, listing, Decision.RETURNED, reason, reasons)
        journal.record(db, ListingReturned(listing.id), actor=actor)
        hidden.append(steps.listing_ref(listing.id))
    await disclosure.hide_rooms(db, hidden)
    await db.flush()
    return decided


def _note(
    db: AsyncSession,
    actor: Actor,
    listing: Listing,
    decision: Decision,
    reason: str | None = None,
    reasons: Sequence[ReturnReason] = (),
) -> None:
    codes = [str(one) for one in dict.fromkeys(reasons)]
    db.add(
        ListingReview(
            id=new_id(),
            listing_id=listing.id,
            n=listing.current_n,
            decision=decision,
            reasons=codes,
            reason=reason,
            by=actor.person,
        )
    )


async def publish(tx: Tx, actor: Actor, listing_id: UUID) -> ListingView:
    """The owner publishes what was accepted and held back. The gates are asked again: time has passed."""
    async with tx.begin() as db:
        listing = await lock_known(db, actor, listing_id)
        require(actor, policy.PUBLISH, parties=[listing.org_id])
        refusal = await _publish_locked(db, actor, listing)
        if refusal is not None:
            raise refusal
        return await view_of(db, actor, listing_id)


async def _publish_locked(db: AsyncSession, actor: Actor | None, listing: Listing) -> Refusal | None:
    try:
        state = LISTING.move(listing.state, "publish")
        rules.check_expiry(listing.expires_on, await steps.today(db))
    except Refusal as refusal:
        return refusal
    (forbidden,) = await _forbidden(db, [listing])
    if forbidden is not None:
        return forbidden
    listing.state, listing.published_at, listing.publish_at = state, await clock.market_now(db), None
    listing.is_held = False
    listing.revision += 1
    journal.record(db, ListingPublished(listing.id, listing.current_n), actor=actor)
    await disclosure.show_rooms(db, [steps.listing_ref(listing.id)], until=listing.expires_on)
    await db.flush()
    return None


async def publish_due(tx: Tx, *, limit: int = 100) -> int:
    """Publish what is accepted and whose hour has come; returns how many.

    What may no longer be sold stays with its owner, who is told why in the journal, and its hour is taken away.
    """
    async with tx.begin() as db:
        due = await repository.lock_due_to_publish(db, await clock.market_now(db), limit)
        done = 0
        for listing in due:
            refusal = await _publish_locked(db, None, listing)
            if refusal is None:
                done += 1
                continue
            listing.publish_at = None
            listing.revision += 1
            journal.record(db, ListingHeldBack(listing.id, refusal.code), actor=None)
        return done


async def list_queue(
    tx: Tx, actor: Actor, *, kind: ListingKind | None = None, cursor: str | None = None, limit: int
) -> Page[QueueLine]:
    """What waits for review, whoever has waited longest first, with what is new since it was accepted last; for an
    operator of a node, what is of his node."""
    require(actor, policy.SEE_QUEUE, node=actor.node)
    after = None
    if cursor is not None:
        when, listing_id = decode_cursor(cursor, datetime, UUID)
        after = (when, listing_id)
    async with tx.read() as db:
        rows = await repository.list_waiting(db, kind=kind, node=actor.node, after=after, limit=limit + 1)
        page = page_of(rows, limit, _waiting_since)
        views = await steps.views_for(db, actor, [row.id for row in page.items])
        changed = await steps.changes_since_accepted(db, page.items)
        counts = await repository.count_returns(db, [row.id for row in page.items])
        lines = [
            QueueLine(views[row.id], row.submitted_at, tuple(changed[row.id]), counts.get(row.id, 0))
            for row in page.items
            if row.submitted_at is not None
        ]
        return Page(lines, page.next_cursor)


def _waiting_since(row: Listing) -> tuple[str, str]:
    assert row.submitted_at is not None
    return row.submitted_at.isoformat(), str(row.id)


async def list_reviews(tx: Tx, actor: Actor, listing_id: UUID) -> Sequence[ReviewView]:
    """Every decision about a listing with its reasons, newest first, for its owner and the market."""
    async with tx.read() as db:
        listing = await repository.get(db, listing_id)
        if not steps.is_inside(actor, listing):
            raise NotFound()
        require(actor, policy.SEE_REVIEWS, parties=[listing.org_id, listing.node_id])
        return [
            ReviewView(row.n, row.decision, tuple(ReturnReason(one) for one in row.reasons), row.reason, row.at)
            for row in await repository.list_reviews(db, listing_id)
        ]
