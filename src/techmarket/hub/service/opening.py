"""Open data (开放数据): every public trade as anybody may read it, one by one, in pages, and all of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.dossiers import steps as dossiers
from techmarket.hub import errors, merging, opendata, policy, repository
from techmarket.hub.opendata import Party, Sources
from techmarket.hub.views import ForeignImportView, PublisherView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, encode_cursor, last_id
from techmarket.kernel.refusals import NotFound
from techmarket.listings.rules import ListingKind
from techmarket.trading import steps as trading
from techmarket.trading.lifecycle import Method

BATCH = 20
RELEASES_MAX = 1_000
RELEASES_EACH_MAX = 500
BYTES_EACH_MAX = 2 * 1024 * 1024
"""Of one process that an organisation brings: they are merged whenever it is read."""
TEXT_MAX = 200
_MERGING = ThreadPoolExecutor(1, thread_name_prefix="merging")
"""One after the other, so that this process stays free for everybody else."""
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


async def list_records(
    tx: Tx, actor: Actor, *, public_url: str, ocid_prefix: str, cursor: str | None, limit: int
) -> Page[dict[str, Any]]:
    """The records of public trades, the newest first; no package is empty (OCDS)."""
    require(actor, policy.READ_OPEN_DATA)
    after = last_id(cursor)
    async with tx.read(snapshot=True) as db:
        ids = await trading.public_trades(db, after=after, limit=limit + 1)
        if not ids:
            raise NotFound()
        items = [opendata.record(await _sources(db, id, public_url, ocid_prefix)) for id in ids[:limit]]
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


async def read_all(
    tx: Tx, actor: Actor, *, public_url: str, ocid_prefix: str, as_records: bool = False
) -> AsyncIterator[dict[str, Any]]:
    """Every public trade as one compiled release or as a record, a bounded look at a time, so that no transaction stays
    open."""
    require(actor, policy.READ_OPEN_DATA)
    made = opendata.record if as_records else opendata.compiled
    after: UUID | None = None
    while True:
        async with tx.read(snapshot=True) as db:
            ids = await trading.public_trades(db, after=after, limit=BATCH)
            found = [made(await _sources(db, id, public_url, ocid_prefix)) for id in ids]
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


# --- from elsewhere ---------------------------------------------------------------------------------------------------


async def import_package(tx: Tx, actor: Actor, package: dict[str, Any]) -> ForeignImportView:
    """Keep the releases of a package as they came. The same again changes nothing; the same id with other content is
    refused, and then nothing of the package is kept."""
    require(actor, policy.IMPORT)
    rows = [
        {"org_id": actor.org, "ocid": one["ocid"], "release_id": str(one["id"]), "body": _spelled(one)}
        for one in _releases_in(package)
    ]
    ocids = tuple(dict.fromkeys(row["ocid"] for row in rows))
    async with tx.begin() as db:
        await lock_name(db, f"foreign releases of {actor.org}")
        done = 0
        for row in rows:
            if await repository.insert_release(db, row):
                done += 1
            elif not await repository.holds_release(db, row):
                raise errors.ReleaseChanged(release_id=row["release_id"], pointer="/body/releases")
        for ocid, (count, size) in (await repository.sizes_of(db, actor.org, ocids)).items():
            if count > RELEASES_EACH_MAX or size > BYTES_EACH_MAX:
                raise errors.ProcessTooLarge(
                    ocid=ocid, releases_max=RELEASES_EACH_MAX, bytes_max=BYTES_EACH_MAX, pointer="/body/releases"
                )
        return ForeignImportView(done, len(rows) - done, ocids)


async def get_foreign_record(tx: Tx, actor: Actor, ocid: str) -> dict[str, Any]:
    """What my organisation brought of a process: every release as it came, and what they come to; the versions of its
    values only where they are not far more than the releases."""
    require(actor, policy.SEE_FOREIGN)
    async with tx.read() as db:
        kept = await repository.releases_of(db, actor.org_id, ocid)
    if not kept:
        raise NotFound()
    return await asyncio.get_running_loop().run_in_executor(_MERGING, _record_of, ocid, kept)


def _record_of(ocid: str, kept: Sequence[bytes]) -> dict[str, Any]:
    releases = sorted(map(json.loads, kept), key=lambda one: str(one["date"]))
    record = {"ocid": ocid, "releases": releases, "compiledRelease": merging.compile_releases(releases)}
    with contextlib.suppress(merging.TooManyVersions):
        record["versionedRelease"] = merging.version_releases(releases, sources_max=merging.SOURCES_MAX)
    return record


def _releases_in(package: dict[str, Any]) -> list[dict[str, Any]]:
    found = package.get("releases")
    if not isinstance(found, list) or not found or len(found) > RELEASES_MAX:
        raise errors.NotAReleasePackage(pointer="/body/releases")
    for n, one in enumerate(found):
        texts = [one.get(name) for name in ("ocid", "date", "initiationType")] if isinstance(one, dict) else [None]
        if not all(isinstance(text, str) and 0 < len(text) <= TEXT_MAX and text.isprintable() for text in texts):
            raise errors.NotAReleasePackage(pointer=f"/body/releases/{n}")
        id, tag = one.get("id"), one.get("tag")
        if not isinstance(id, str) or not 0 < len(id) <= TEXT_MAX or not id.isprintable():
            raise errors.NotAReleasePackage(pointer=f"/body/releases/{n}/id")
        if not isinstance(tag, list) or not all(isinstance(one, str) for one in tag) or len("".join(tag)) > TEXT_MAX:
            raise errors.NotAReleasePackage(pointer=f"/body/releases/{n}/tag")
    return found


def _spelled(release: dict[str, Any]) -> bytes:
    return json.dumps(release, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
