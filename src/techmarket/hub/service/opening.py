"""Open data (开放数据): every public trade as anybody may read it, one by one, in pages, and all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock
from techmarket.db.session import Tx
from techmarket.dossiers import steps as dossiers
from techmarket.hub import opendata, policy
from techmarket.hub.opendata import Party, Sources
from techmarket.hub.views import PublisherView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, encode_cursor, last_id
from techmarket.kernel.refusals import NotFound
from techmarket.listings.rules import ListingKind
from techmarket.trading import steps as trading
from techmarket.trading.lifecycle import Method

BATCH = 20
BIDS_MAX = 10_000
"""Entries of one lot that go into a release; statistics are of these."""


async def publisher(tx: Tx, actor: Actor) -> PublisherView:
    require(actor, policy.READ_OPEN_DATA)
    async with tx.read() as db:
        market = await identity.find_market(db)
        return PublisherView(market.name if market is not None else "", await clock.market_now(db))


async def list_releases(
    tx: Tx, actor: Actor, *, public_url: str, ocid_prefix: str, cursor: str | None, limit: int
) -> Page[list[dict[str, Any]]]:
    """The releases of one trade after the other, the newest trade first; no package is empty (OCDS)."""
    require(actor, policy.READ_OPEN_DATA)
    after = last_id(cursor)
    async with tx.read(snapshot=True) as db:
        ids = await trading.public_trades(db, after=after, limit=limit + 1)
        if not ids:
            raise NotFound()
        items = [opendata.stages(await _sources(db, id, public_url, ocid_prefix)) for id in ids[:limit]]
    return Page(items, encode_cursor(str(ids[limit - 1])) if len(ids) > limit else None)


async def get_record(tx: Tx, actor: Actor, ocid: str, *, public_url: str, ocid_prefix: str) -> dict[str, Any]:
    """One trade: its releases, and what they come to."""
    require(actor, policy.READ_OPEN_DATA)
    prefix, _, number = ocid.partition(f"{ocid_prefix}-")
    async with tx.read(snapshot=True) as db:
        id = await trading.trade_numbered(db, number if not prefix else "")
        if id is None:
            raise NotFound()
        return opendata.record(await _sources(db, id, public_url, ocid_prefix))


async def read_all(tx: Tx, actor: Actor, *, public_url: str, ocid_prefix: str) -> AsyncIterator[dict[str, Any]]:
    """Every public trade as one compiled release, a bounded look at a time, so that no transaction stays open."""
    require(actor, policy.READ_OPEN_DATA)
    after: UUID | None = None
    while True:
        async with tx.read(snapshot=True) as db:
            ids = await trading.public_trades(db, after=after, limit=BATCH)
            found = [opendata.compiled(await _sources(db, id, public_url, ocid_prefix)) for id in ids]
        for release in found:
            yield release
        if len(ids) < BATCH:
            return
        after = ids[-1]


async def _sources(db: AsyncSession, trade_id: UUID, public_url: str, ocid_prefix: str) -> Sources:
    file = await dossiers.public_file(db, trade_id)
    trade = file.trade
    org = (await identity.get_organisations(db, [trade.seller_organisation_id]))[trade.seller_organisation_id]
    closed = [lot.id for lot in trade.lots if lot.closed_at is not None]
    is_demand = trade.method is Method.SELECTION or (
        file.listing is not None and file.listing.kind is ListingKind.DEMAND
    )
    return Sources(
        file,
        Party(org.id, org.name, org.name_en, org.uscc, org.region),
        is_demand,
        {id: await trading.public_book(db, id, limit=BIDS_MAX) for id in closed},
        public_url.rstrip("/"),
        ocid_prefix,
    )
