"""Two markets that follow each other's listings: each with a database, keys and a server of its own on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from sqlalchemy import text

from techmarket.api.rows import FileReader
from techmarket.app import create_app
from techmarket.db import journal
from techmarket.db import keys as market_keys
from techmarket.db.calling import Caller
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from techmarket.hub.service import syndicating
from techmarket.hub.service.telling import tell_on
from techmarket.identity.actor import Actor
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.transparency import service as transparency
from tests.follow import served
from tests.identity.make import a_market, an_organisation
from tests.listings.make import demand_terms


@dataclass
class Cable:
    """A line between two markets (TCP): it can be cut, and then whatever goes over it breaks off."""

    to: int
    port: int = 0
    is_cut: bool = False
    bytes_max: int | None = None
    """After so many bytes of an answer the line breaks; None: it holds."""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self.is_cut, self.bytes_max = False, None

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, there}
        try:
            await asyncio.gather(self._pass(reader, there, None), self._pass(there_reader, writer, self.bytes_max))
        finally:
            self._open -= {writer, there}
            for one in (writer, there):
                one.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(4096):
                if left is not None:
                    left -= len(chunk)
                    if left <= 0:
                        writer.transport.abort()
                        return
                writer.write(chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()


@asynccontextmanager
async def a_cable(to: int) -> AsyncIterator[Cable]:
    cable = Cable(to)
    server = await asyncio.start_server(cable.take, "127.0.0.1", 0)
    cable.port = server.sockets[0].getsockname()[1]
    try:
        yield cable
    finally:
        server.close()
        cable.cut()


@dataclass
class Instance:
    """A market with an operator and an organisation that lists."""

    means: Means
    operator: Actor
    owner: Actor
    operator_key: str = ""
    url: str = ""

    @property
    def tx(self) -> Tx:
        return self.means.tx

    async def tell(self) -> None:
        await tell(self.means)

    async def publish(self, *, raised: dict[str, str] | None = None, **terms: Any) -> UUID:
        draft = ListingDraft(demand_terms(**terms), raised or {}, (), None)
        view = await listings.create_draft(self.tx, self.owner, ListingKind.DEMAND, draft)
        await listings.submit(self.tx, self.owner, view.id)
        await listings.accept(self.tx, self.operator, view.id)
        return view.id

    async def change(self, listing_id: UUID, **terms: Any) -> None:
        view = await listings.get_listing(self.tx, self.owner, listing_id)
        draft = ListingDraft(dict(view.terms) | terms, dict(view.dossier.tiers) if view.dossier else {}, (), None)
        await listings.update_draft(self.tx, self.owner, listing_id, view.kind, draft, if_match=view.etag)
        await listings.submit(self.tx, self.owner, listing_id)
        await listings.accept(self.tx, self.operator, listing_id)

    async def withdraw(self, listing_id: UUID) -> None:
        await listings.withdraw(self.tx, self.owner, listing_id)

    async def follow(self) -> None:
        """Read on with every source at once, whenever it would be its turn."""
        await self.due()
        while await syndicating.follow_next(self.tx, self.means.keys, self.caller, FileReader()):
            pass

    async def due(self) -> None:
        async with self.tx.begin() as db:
            await db.execute(text("UPDATE syndication_source SET next_at = clock_timestamp() WHERE state <> 'PAUSED'"))

    @property
    def caller(self) -> Caller:
        assert isinstance(self.means.caller, Caller)
        return self.means.caller


def means_over(url: str, folder: Path) -> Means:
    """The same database, keys and files for every process of a market."""
    keys = market_keys.generated(folder / "keys")
    tx = Tx(make_engine(url, pool_size=10, application=folder.name))
    caller = Caller(may_reach_inside=True, patience_seconds=10)
    return Means(tx, keys, Files.at(folder / "objects"), caller=caller, reader=FileReader())


async def an_instance(url: str, folder: Path) -> Instance:
    means = means_over(url, folder)
    await transparency.publish_keys(means.tx, means.keys)
    operator = (await a_market(means.tx, means.keys))["operator"]
    owner = (await an_organisation(means.tx, keys=means.keys)).actor
    return Instance(means, operator.actor, owner, operator.key)


async def tell(means: Means) -> None:
    """What the workers of a market do by themselves: positions, the feed, a checkpoint."""
    async with means.tx.begin() as db:
        await journal.sequence(db)
    while await tell_on(means.tx):
        pass
    await transparency.make_checkpoint(means.tx, means.keys)


async def follow(means: Means) -> None:
    """Read on with every source at once, whenever it would be its turn."""
    async with means.tx.begin() as db:
        await db.execute(text("UPDATE syndication_source SET next_at = clock_timestamp() WHERE state <> 'PAUSED'"))
    assert means.caller is not None
    assert means.reader is not None
    while await syndicating.follow_next(means.tx, means.keys, means.caller, means.reader):
        pass


async def serve_for_ever(url: str, folder: str, port: str) -> None:
    """A market as a process of its own: its edge on this port, and its workers."""
    means = means_over(url, Path(folder))
    config = uvicorn.Config(create_app(means), host="127.0.0.1", port=int(port), log_config=None, access_log=False)
    serving = asyncio.create_task(uvicorn.Server(config).serve())
    while not serving.done():
        await tell(means)
        await asyncio.sleep(0.05)


async def follow_for_ever(url: str, folder: str) -> None:
    """A worker of a market that follows others, as a process of its own."""
    means = means_over(url, Path(folder))
    while True:
        await follow(means)
        await asyncio.sleep(0.05)


@asynccontextmanager
async def serving(instance: Instance) -> AsyncIterator[int]:
    """Its whole edge on loopback; the port."""
    async with served(create_app(instance.means)) as (url, _):
        instance.url = url
        yield int(url.rsplit(":", 1)[1])


async def shown(instance: Instance, reader: Actor) -> dict[str, dict[str, Any]]:
    """What a reader finds of other markets here: the terms by the id that the listing has there."""
    found: dict[str, dict[str, Any]] = {}
    cursor = None
    while True:
        page = await listings.list_listings(instance.tx, reader, limit=100, cursor=cursor)
        for one in page.items:
            if "origin" in one.terms:
                terms = dict(one.terms)
                origin = terms.pop("origin")
                assert origin["listing_id"] not in found
                found[origin["listing_id"]] = terms
        if (cursor := page.next_cursor) is None:
            return found


async def published(instance: Instance, reader: Actor) -> dict[str, dict[str, Any]]:
    """What a reader finds of this market's own: the terms by id."""
    found: dict[str, dict[str, Any]] = {}
    cursor = None
    while True:
        page = await listings.list_listings(instance.tx, reader, limit=100, cursor=cursor)
        found |= {str(one.id): dict(one.terms) for one in page.items if "origin" not in one.terms}
        if (cursor := page.next_cursor) is None:
            return found
