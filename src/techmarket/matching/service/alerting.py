"""Searches that go on: whoever saved one is told of what is published and fits, once each."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.disclosure.tiers import Tier
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, decode_cursor, encode_cursor, last_id, page_of
from techmarket.kernel.periods import next_hour
from techmarket.kernel.refusals import NotFound
from techmarket.listings import events
from techmarket.listings import steps as listings
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps import IndexText
from techmarket.matching import alerts, errors, policy, repository, texts, tokens
from techmarket.matching.events import AlertsTold, SearchEnded, SearchSaved
from techmarket.matching.index.columns import Columns, row_of, rows_array
from techmarket.matching.index.scoring import Filters, fitting, said_of, tests_of
from techmarket.matching.service.following import READER
from techmarket.matching.tables import SavedSearch
from techmarket.matching.views import AlertView, Delivery, SavedSearchView

CURSOR = "matching.alerts"
TOLD_OF = tuple(
    event.kind
    for event in (
        events.ListingAccepted,
        events.ListingPublished,
        events.ListingRenewed,
        events.ListingReopened,
    )
)
"""What makes a listing new. A change that stays published shows to those alone who were granted more: it is none."""
BATCH = 200
SEARCHES_TURN = 1_000
RUNNING_MAX = 50
TELL_TURN = 1_000
DIGEST_HOUR = 8
ENOUGH = 0.75
"""The share of a query's terms that a listing must hold; of three or fewer all."""


async def save_search(
    tx: Tx, keys: Keys, actor: Actor, *, name: str, query: str | None, filters: Filters, delivery: Delivery
) -> SavedSearchView:
    """Save a search: what is published from now on and fits will be told."""
    require(actor, policy.SAVE_SEARCH)
    if not (query and tokens.terms(query)) and filters == Filters():
        raise errors.SearchEmpty(pointer="/body/query")
    async with tx.begin() as db:
        await _one_at_a_time(db, actor.person)
        if await alerts.count_running(db, actor.person) >= RUNNING_MAX:
            raise errors.SearchesTooMany(most=RUNNING_MAX)
        row = SavedSearch(
            id=new_id(),
            org_id=actor.org,
            person_id=actor.person,
            name=name,
            query=query,
            filters=said_of(filters),
            delivery=delivery,
            position=await journal.head(db),
            created_at=await clock.market_now(db),
        )
        db.add(row)
        journal.record(db, SearchSaved(row.id, actor.org), actor=actor)
        await db.flush()
        return _view(row, keys)


async def _one_at_a_time(db: AsyncSession, person_id: UUID) -> None:
    """Two searches of one person are saved one after the other, so that the bound holds."""
    await lock_name(db, f"matching.searches:{person_id}")


async def list_searches(tx: Tx, keys: Keys, actor: Actor, *, cursor: str | None, limit: int) -> Page[SavedSearchView]:
    require(actor, policy.READ_SEARCHES)
    async with tx.read() as db:
        rows = await alerts.list_searches(
            db, org_id=actor.org, person_id=actor.person, before=last_id(cursor), limit=limit + 1
        )
    return page_of(rows, limit, lambda row: (str(row.id),)).map(lambda row: _view(row, keys))


async def end_search(tx: Tx, actor: Actor, search_id: UUID) -> None:
    """Nothing more is told of it; ending it twice is harmless."""
    async with tx.begin() as db:
        row = await alerts.lock_search(db, search_id)
        if row.person_id != actor.person_id or row.org_id != actor.org_id:
            raise NotFound()
        require(actor, policy.END_SEARCH, parties=[row.org_id])
        await _end(db, row, actor)


async def unsubscribe(tx: Tx, keys: Keys, actor: Actor, search_id: UUID, token: str) -> None:
    """End a search by the token that came with it, without signing in; a wrong token is told like no search at all."""
    require(actor, policy.UNSUBSCRIBE)
    async with tx.begin() as db:
        row = await alerts.lock_search(db, search_id)
        if not any(hmac.compare_digest(one, token) for one in _tokens(keys, search_id)):
            raise NotFound()
        await _end(db, row, None)


async def _end(db: AsyncSession, row: SavedSearch, actor: Actor | None) -> None:
    if row.ended_at is None:
        row.ended_at = await clock.market_now(db)
        await alerts.forget_untold(db, row.id)
        journal.record(db, SearchEnded(row.id, row.org_id), actor=actor)


async def list_alerts(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[AlertView]:
    """What was told to the reader, oldest first: keep the last cursor and nothing comes twice, nothing is missed.

    A listing that he may no longer see is left out; one that changed is shown as it is now.
    """
    require(actor, policy.READ_ALERTS)
    after = decode_cursor(cursor, int)[0] if cursor is not None else 0
    async with tx.read() as db:
        if cursor is not None and after > await alerts.newest_told(db, actor.person):
            raise errors.AlertsLost(pointer="/query/cursor")
        rows = await alerts.list_told(db, org_id=actor.org, person_id=actor.person, after=after, limit=limit)
        views = await listings.views_for(db, actor, [alert.listing_id for alert, _ in rows])
    items = [
        AlertView(alert.told or 0, search.id, search.name, alert.found_at, views[alert.listing_id])
        for alert, search in rows
        if alert.listing_id in views
    ]
    # There is always a next cursor: what is told later stands behind it.
    return Page(items, encode_cursor(rows[-1][0].told or 0) if rows else cursor)


# --- what the clock does --------------------------------------------------------------------------------------------


async def look_for_alerts(tx: Tx) -> int:
    """Compare what has changed in the market with every running search; returns how many entries were handled.

    It stays behind the index: what is told can be found.
    """
    async with tx.begin() as db:
        position = await repository.lock_cursor(db, CURSOR)
        end = await repository.position_of(db, READER)
        if position is None or position >= end:
            return 0
        entries = await journal.read(db, after=position - 1, kinds=TOLD_OF, limit=BATCH)
        entries = [entry for entry in entries if entry.position < end]
        newest = {entry.ref("listing"): entry.position for entry in entries}
        if newest and await alerts.list_running(db, after=None, limit=1):
            found = await listings.texts_for_index(db, list(newest))
            await _compare(db, found, newest, await clock.market_now(db))
        await repository.move_cursor(db, CURSOR, entries[-1].position + 1 if len(entries) == BATCH else end)
        return len(entries)


async def _compare(
    db: AsyncSession, found: Mapping[UUID, IndexText], newest: Mapping[UUID, int], now: datetime
) -> None:
    owners = await identity.get_organisations(db, {one.org_id for one in found.values()})
    nodes = {id: str(org.node_id) for id, org in owners.items() if org.node_id is not None}
    seen = {tier: _Seen(list(found.values()), tier, nodes) for tier in (Tier.PUBLIC, Tier.REGISTERED)}
    after = None
    while searches := await alerts.list_running(db, after=after, limit=SEARCHES_TURN):
        orgs = await identity.get_organisations(db, {search.org_id for search in searches})
        rows: list[dict[str, Any]] = []
        for search in searches:
            tier = Tier.REGISTERED if orgs[search.org_id].is_verified else Tier.PUBLIC
            due_at = now if search.delivery == Delivery.IMMEDIATE else next_digest(now)
            common = {"search_id": search.id, "person_id": search.person_id, "found_at": now, "due_at": due_at}
            filters = filters_of(search.filters)
            fits = seen[tier].fitting(search.query, filters)
            by_public = {one.listing_id for one in seen[Tier.PUBLIC].fitting(search.query, filters)} if fits else set()
            rows += [
                {**common, "listing_id": one.listing_id, "tier": Tier.PUBLIC if one.listing_id in by_public else tier}
                for one in fits
                if one.org_id != search.org_id and newest[one.listing_id] >= search.position
            ]
        await alerts.put_alerts(db, rows)
        after = searches[-1].id


class _Seen:
    """Some listings as the readers of one tier see them: their terms and numbers, and their facts as columns."""

    def __init__(self, found: Sequence[IndexText], tier: Tier, nodes: Mapping[UUID, str]) -> None:
        self._found = found
        self._nodes = nodes
        self._terms = [texts.terms_of(one.cuts[tier]) for one in found]
        self._numbers = [texts.numbers_of(one.cuts[tier]) for one in found]
        self._columns = Columns()
        rows = []
        for one, terms in zip(found, self._terms, strict=True):
            facts = texts.facts_of(one.kind, one.cuts[tier])
            rows.append(row_of(one.listing_id, one.org_id, one.published_at, sum(terms.values()), facts))
        if rows:
            self._columns.put(0, rows_array(rows).tobytes())

    def fitting(self, query: str | None, filters: Filters) -> list[IndexText]:
        at = np.arange(len(self._found), dtype=np.int32)
        of_node = [id for id, node in self._nodes.items() if node == filters.node]
        places = at[fitting(self._columns, at, tests_of(filters, organisations=of_node))].tolist() if len(at) else []
        number = texts.asked_number(query) if query else None
        if number is not None:
            return [self._found[place] for place in places if number in self._numbers[place]]
        wanted = list(tokens.terms(query)) if query else []
        return [self._found[place] for place in places if holds_enough(self._terms[place], wanted)]


def holds_enough(terms: Mapping[str, int], wanted: Sequence[str]) -> bool:
    """A listing fits a saved query when it holds three quarters of its terms; of three or fewer all."""
    if not wanted:
        return True
    least = len(wanted) if len(wanted) <= 3 else -int(-len(wanted) * ENOUGH // 1)
    return sum(term in terms for term in wanted) >= least


def next_digest(now: datetime) -> datetime:
    """The next eight o'clock in the morning, Shanghai."""
    return next_hour(now, DIGEST_HOUR)


async def tell(tx: Tx) -> int:
    """Tell what is due; returns how many. What was found by registered text is told to those alone who may read it
    at that moment."""
    async with tx.begin() as db:
        await lock_name(db, "matching.tell")
        now = await clock.market_now(db)
        beyond = await alerts.searchers_beyond(db, now, Tier.PUBLIC)
        orgs = await identity.get_organisations(db, beyond) if beyond else {}
        verified = [id for id, one in orgs.items() if one.is_verified]
        told = await alerts.tell_due(db, now, TELL_TURN, verified=verified)
        for (org_id, search_id), count in Counter(told).items():
            journal.record(db, AlertsTold(search_id, org_id, count), actor=None)
        return len(told)


def filters_of(said: Mapping[str, Any]) -> Filters:
    values = dict(said)
    if values.get("kind"):
        values["kind"] = ListingKind(values["kind"])
    return Filters(**values)


def _tokens(keys: Keys, search_id: UUID) -> list[str]:
    """What ends a saved search: that of today, and while the pepper is changed that of before."""
    said = b"unsubscribe:" + search_id.bytes
    return [hmac.new(one, said, hashlib.sha256).hexdigest()[:40] for one in keys.peppers]


def _view(row: SavedSearch, keys: Keys) -> SavedSearchView:
    return SavedSearchView(
        row.id,
        row.name,
        row.query,
        filters_of(row.filters),
        Delivery(row.delivery),
        row.created_at,
        _tokens(keys, row.id)[0],
    )
