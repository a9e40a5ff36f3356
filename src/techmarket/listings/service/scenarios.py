"""Scenario lists (场景清单): demands that belong to one place or purpose, published together by who opens it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.masking import Place, shown
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.listings import errors, policy, repository, rules, steps
from techmarket.listings.events import ScenarioListAmended, ScenarioListClosed, ScenarioListPublished
from techmarket.listings.lifecycle import FINDABLE, SCENARIO_LIST, ScenarioListState
from techmarket.listings.rules import ListingKind, ScenarioDraft
from techmarket.listings.tables import ScenarioList
from techmarket.listings.views import ScenarioListView

DEMANDS_MAX = 500
WORDS = ("title_zh", "title_en", "description_zh", "description_en", "region")


async def create_list(tx: Tx, actor: Actor, draft: ScenarioDraft) -> ScenarioListView:
    """An organisation begins a scenario list; nobody else sees it."""
    require(actor, policy.MAKE_LIST)
    rules.check_scenario(draft)
    async with tx.begin() as db:
        row = ScenarioList(id=new_id(), org_id=actor.org, state=SCENARIO_LIST.initial, revision=1)
        await _write(db, row, draft)
        db.add(row)
        await db.flush()
        await _put_demands(db, row, draft.listing_ids)
        journal.record(db, ScenarioListAmended(row.id, row.revision), actor=actor)
        return await _view(db, actor, row)


async def update_list(tx: Tx, actor: Actor, list_id: UUID, draft: ScenarioDraft, *, if_match: str) -> ScenarioListView:
    """The owner changes the list; every change is in the journal.

    Other words than those the operator has published wait for him again, and the public for them; which demands it
    holds, each reviewed by itself, and until when it is open, the owner may change in public.
    """
    rules.check_scenario(draft)
    async with tx.begin() as db:
        row = await _lock_known(db, actor, list_id)
        require(actor, policy.MAKE_LIST_CHANGES, parties=[row.org_id])
        if if_match != (await _view(db, actor, row)).etag:
            raise errors.ScenarioListChanged()
        is_reworded = any(getattr(row, name) != getattr(draft, name) for name in WORDS)
        row.state = SCENARIO_LIST.move(row.state, "reword" if is_reworded else "amend")
        if is_reworded:
            row.published_at = None
        row.revision += 1
        await _write(db, row, draft)
        await _put_demands(db, row, draft.listing_ids)
        journal.record(db, ScenarioListAmended(row.id, row.revision), actor=actor)
        return await _view(db, actor, row)


async def publish_list(tx: Tx, actor: Actor, list_id: UUID, *, if_match: str) -> ScenarioListView:
    """An operator lets the public see the list that he has read, which holds at least one demand in public."""
    async with tx.begin() as db:
        row = await _lock_known(db, actor, list_id)
        require(actor, policy.REVIEW)
        await identity.require_outside(db, actor.person, [row.org_id], operation=policy.REVIEW.operation)
        if if_match != (await _view(db, actor, row)).etag:
            raise errors.ScenarioListChanged()
        row.state = SCENARIO_LIST.move(row.state, "publish")
        if not await repository.demands_of(db, row.id):
            raise errors.ScenarioListEmpty()
        row.published_at = await clock.market_now(db)
        row.revision += 1
        journal.record(db, ScenarioListPublished(row.id), actor=actor)
        await db.flush()
        return await _view(db, actor, row)


async def close_list(tx: Tx, actor: Actor, list_id: UUID) -> ScenarioListView:
    """The owner or the operator ends a list; its demands stay as they are."""
    async with tx.begin() as db:
        row = await _lock_known(db, actor, list_id)
        require(actor, policy.CLOSE_LIST, parties=[row.org_id])
        row.state = SCENARIO_LIST.move(row.state, "close")
        row.revision += 1
        journal.record(db, ScenarioListClosed(row.id), actor=actor)
        await db.flush()
        return await _view(db, actor, row)


async def get_list(tx: Tx, actor: Actor, list_id: UUID) -> ScenarioListView:
    """One list with its demands as this reader may see them."""
    async with tx.read() as db:
        row = await repository.get_list(db, list_id)
        if not _may_know(actor, row):
            raise NotFound()
        return await _view(db, actor, row)


async def list_lists(
    tx: Tx, actor: Actor, *, mine: bool = False, cursor: str | None = None, limit: int
) -> Page[ScenarioListView]:
    """Newest first: those in public, one's own in every state; the market sees all."""
    require(actor, policy.LIST_OWN if mine else policy.SEE)
    async with tx.read() as db:
        rows = await repository.list_lists(
            db,
            org_id=actor.org_id,
            only_own=mine,
            sees_everything=actor.is_market,
            before=last_id(cursor),
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda row: (str(row.id),))
        return Page([await _view(db, actor, row) for row in page.items], page.next_cursor)


async def _write(db: AsyncSession, row: ScenarioList, draft: ScenarioDraft) -> None:
    row.title_zh, row.title_en = draft.title_zh, draft.title_en
    row.description_zh, row.description_en = draft.description_zh, draft.description_en
    row.region, row.open_until = draft.region, draft.open_until


async def _put_demands(db: AsyncSession, row: ScenarioList, listing_ids: Sequence[UUID]) -> None:
    if len(listing_ids) > DEMANDS_MAX:
        raise errors.ScenarioListFull(most=DEMANDS_MAX, pointer="/body/listing_ids")
    found = await repository.get_current(db, listing_ids)
    for listing_id in listing_ids:
        listing = found[listing_id][0] if listing_id in found else None
        if listing is None or listing.kind is not ListingKind.DEMAND or listing.state not in FINDABLE:
            raise errors.NotAPublishedDemand(listing=listing_id, pointer="/body/listing_ids")
    await repository.replace_demands(db, row.id, listing_ids)
    await db.flush()


async def _lock_known(db: AsyncSession, actor: Actor, list_id: UUID) -> ScenarioList:
    row = await repository.lock_list(db, list_id)
    if not _may_know(actor, row):
        raise NotFound()
    return row


def _may_know(actor: Actor, row: ScenarioList) -> bool:
    inside = actor.is_market or (actor.org_id is not None and actor.org_id == row.org_id)
    # A list that ended as a draft has never been for others.
    return inside or row.published_at is not None


async def _view(db: AsyncSession, actor: Actor, row: ScenarioList) -> ScenarioListView:
    today: date = await steps.today(db)
    ids = await repository.demands_of(db, row.id)
    views = await steps.views_for(db, actor, ids)
    is_inside = actor.is_market or (actor.org_id is not None and actor.org_id == row.org_id)

    def told(words: str | None) -> str | None:
        found: str | None = shown(Place.SCENARIO_TEXT, words, is_inside=is_inside)
        return found

    return ScenarioListView(
        row.id,
        row.org_id,
        row.state,
        told(row.title_zh),
        told(row.title_en),
        told(row.description_zh),
        told(row.description_en),
        row.region,
        row.open_until,
        row.state is ScenarioListState.PUBLISHED and (row.open_until is None or today <= row.open_until),
        row.published_at,
        # A demand that left the public is named to nobody who may not know of it.
        tuple(views[id] for id in ids if id in views),
    )
