"""Public reads over HTTP: one listing, a page of twenty, a search; against the bare SQL, and against PostGraphile.

The market answers as it serves strangers: limits, tags, request ids, metrics, a line in the log. The bare ASGI app runs
the same statements and answers the same terms with none of that. PostGraphile, where there is Node.js, serves a view of
the same tables by GraphQL, and finds by ts_rank over the same terms. Each is one process over the same database, asked
by the same clients in turn; before that, all have to give the same terms for the same listings.

Five hundred different listings and searches are asked again and again. The market gives again what it answered before
once the database has shown that the rows are the same. What it costs to make an answer is measured beside it: other
listings, pages and words each time (`new_get`, `new_page`, `new_search`), held against the same answers of the others,
which make each of theirs anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import time
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bench import postgraphile, search_fill
from bench.harness import Findings, Rounds, Store, median_ratio, own_store, quantile, rounded, say
from bench.search_fill import Pieces
from bench.search_growth import some_words
from bench.served import MARKET, fresh_keys, serving
from techmarket.kernel.paging import encode_cursor
from tests.identity.make import an_organisation

LISTINGS, LISTINGS_QUICK = 20_000, 500
ROUNDS, SECONDS = 5, 3.0
CONNECTIONS = 16
ASKED = 500
NEW = 12_000
WAYS = ("get", "page", "search", "new_get", "new_page", "new_search")
NEW_WAYS = {"new_get": "get", "new_page": "page", "new_search": "search"}
"""What nobody asked before, and the way of the others that it is held against: they make each answer anew."""
LIMITS = (
    "The processor of the one serving process; clients, server and database share the processors. A listing and a page "
    "are one statement each, and what the whole way adds is limits, the cut to the reader's tier, the tag of his view, "
    "metrics and the log; once an answer was made, only the signs of its rows are asked for. A new search "
    "scores in the serving process, where PostGraphile leaves that to the database, "
    "which has the other processor for it; ts_rank is the weaker ranking (see matching)."
)


@dataclass
class Heard:
    waits: list[float] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


class Reader(asyncio.Protocol):
    """One connection that asks, waits for the whole answer, and asks the next."""

    def __init__(self, requests: itertools.cycle[bytes], heard: Heard, stop_at: float) -> None:
        self._requests, self._heard, self._stop_at = requests, heard, stop_at
        self._buffer, self._asked = b"", 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        if self._asked >= self._stop_at:
            self._transport.close()
            return
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._heard.waits.append(time.perf_counter() - self._asked)
        if head[9:12] != b"200" or b'"errors"' in body[:40]:
            self._heard.odd.append(f"{head[:60]!r} {body[:200]!r}")
            self._transport.close()
            return
        self._buffer = b""
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if time.perf_counter() < self._stop_at:
            self._heard.odd.append(f"cut: {error}")
        if not self.done.done():
            self.done.set_result(None)


async def measure(*, quick: bool) -> Findings:
    rounds, seconds = (1, 0.3) if quick else (ROUNDS, SECONDS)
    keys, pieces = fresh_keys(), Pieces()
    async with own_store() as store, contextlib.AsyncExitStack() as stack:
        ids, words, new, every = await _fill(store, pieces, LISTINGS_QUICK if quick else LISTINGS)
        whole = await stack.enter_async_context(serving(MARKET, store, keys))
        bare = await stack.enter_async_context(serving(("-m", "bench.bare_reads"), store, keys))
        asked = {("whole", way): requests for way, requests in _plain(ids, words, new, every).items()}
        asked |= {("bare", way): asked["whole", way] for way in ("get", "page")}
        ports = {"whole": whole.port, "bare": bare.port}
        beside = "left out of the short form" if quick else postgraphile.missing()
        if beside is None:
            await postgraphile.give_views(store)
            ports["postgraphile"] = await stack.enter_async_context(postgraphile.serving_postgraphile(store))
            asked |= {("postgraphile", way): some for way, some in _as_graphql(ids, words).items()}
        await _require_same(ports, asked)
        found = await _rounds(ports, asked, rounds, seconds)
    return _findings(found, ports, beside or f"{postgraphile.PACKAGE} under Node.js", quick=quick)


async def _fill(store: Store, pieces: Pieces, size: int) -> tuple[list[UUID], list[str], list[str], list[UUID]]:
    """Some listings, words out of each of them, many other words, no two alike, and the other listings."""
    seller, demander = [await an_organisation(store.tx) for _ in range(2)]
    owners = ((seller.actor.org, seller.actor.person), (demander.actor.org, demander.actor.person))
    connection = await store.connect()
    try:
        _, (batch, *_) = await search_fill.fill(connection, pieces, size, owners, datetime.now(UTC))
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    rng = random.Random(5)
    some = rng.sample(range(len(batch.ids)), min(ASKED, len(batch.ids)))
    known = [search_fill.document(pieces, batch, n, 0)["fields"] for n in some]
    words = [some_words(rng, [fields]) for fields in known]
    new = {some_words(rng, known): None for _ in range(2 * NEW)}
    asked = {batch.ids[n] for n in some}
    every = [id for id in batch.ids if id not in asked]
    return [batch.ids[n] for n in some], words, [one for one in new if one not in words][:NEW], every


def _plain(
    ids: Sequence[UUID], words: Sequence[str], new: Sequence[str], every: Sequence[UUID]
) -> dict[str, list[bytes]]:
    paths = {
        "get": [f"/v1/listings/{id}" for id in ids],
        "page": ["/v1/listings?limit=20"],
        "search": [f"/v1/search?limit=20&q={urllib.parse.quote(some)}" for some in words],
        "new_get": [f"/v1/listings/{id}" for id in every],
        "new_page": [f"/v1/listings?limit=20&cursor={encode_cursor(str(id))}" for id in every],
        "new_search": [f"/v1/search?limit=20&q={urllib.parse.quote(some)}" for some in new],
    }
    return {
        way: [f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode() for path in some] for way, some in paths.items()
    }


def _as_graphql(ids: Sequence[UUID], words: Sequence[str]) -> dict[str, list[bytes]]:
    ask = postgraphile.request
    return {
        "get": [ask(postgraphile.ONE, number=str(id)) for id in ids],
        "page": [ask(postgraphile.PAGE)],
        "search": [ask(postgraphile.FIND, asked=postgraphile.asked_of(some)) for some in words],
    }


# --- asking ---------------------------------------------------------------------------------------------------------


async def _require_same(ports: dict[str, int], asked: dict[tuple[str, str], list[bytes]]) -> None:
    """Every side shows the same terms of the same listings."""
    for way in ("get", "page"):
        shown = {
            side: [_terms(await _once(port, one)) for one in asked[side, way][:20]] for side, port in ports.items()
        }
        for side, said in shown.items():
            if said != shown["whole"]:
                raise RuntimeError(f"{side} answers {way} in another way: {said[0]} and not {shown['whole'][0]}")


async def _once(port: int, request: bytes) -> Any:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return json.loads(await reader.readexactly(length))
    finally:
        writer.close()


def _terms(said: Any) -> list[Any]:
    said = said.get("data", said)
    one = said.get("one", said)
    many = one.get("items") or (one.get("page") or {}).get("nodes") or [one]
    return [item["terms"] for item in many]


async def _rounds(
    ports: dict[str, int], asked: dict[tuple[str, str], list[bytes]], rounds: int, seconds: float
) -> Rounds:
    found = Rounds()
    for (side, way), requests in asked.items():  # the first requests open connections and fill caches
        if way in NEW_WAYS:
            continue
        await _ask(ports[side], requests, seconds / 3)
    for turn in range(rounds):
        order = sorted(asked, key=lambda one: (WAYS.index(one[1]), one[0]), reverse=bool(turn % 2))
        for side, way in order:
            requests = asked[side, way]
            first = (turn + 1) * len(requests) // (rounds + 1)  # not where the round before began
            heard, taken = await _ask(ports[side], [*requests[first:], *requests[:first]], seconds)
            if heard.odd:
                raise RuntimeError(f"{side}, {way}: {heard.odd[0]}")
            found.add(f"{side} {way}", len(heard.waits) / taken)
            found.add(f"{side} {way} p99", quantile(heard.waits, 0.99) * 1e3)
        say(f"round {turn + 1}: " + ", ".join(f"{key} {said[-1]:.0f}" for key, said in found.values.items()))
    return found


async def _ask(port: int, requests: Sequence[bytes], seconds: float) -> tuple[Heard, float]:
    loop, heard, turn = asyncio.get_running_loop(), Heard(), itertools.cycle(requests)
    began = time.perf_counter()
    made = [
        await loop.create_connection(lambda: Reader(turn, heard, began + seconds), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    await asyncio.wait_for(asyncio.gather(*[reader.done for _, reader in made]), seconds + 60)
    return heard, time.perf_counter() - began


def _findings(found: Rounds, ports: dict[str, int], beside: str, *, quick: bool) -> Findings:
    figures: dict[str, Any] = {
        side: {
            f"{way}{what}": found.median(f"{side} {way}{key}")
            for way in WAYS
            if f"{side} {way}" in found.values
            for what, key in (("_per_s", ""), ("_p99_ms", " p99"))
        }
        for side in ports
    }
    ratios = {
        f"{way}_vs_{side}": median_ratio(found.values[f"whole {way}"], found.values[f"{side} {way}"])
        for side in ports
        if side != "whole"
        for way in WAYS
        if f"{side} {way}" in found.values
    }
    ratios |= {
        f"{new}_vs_{side}": median_ratio(found.values[f"whole {new}"], found.values[f"{side} {way}"])
        for side in ports
        if side != "whole"
        for new, way in NEW_WAYS.items()
        if f"{side} {way}" in found.values
    }
    figures |= {
        "listings": LISTINGS_QUICK if quick else LISTINGS,
        "connections": CONNECTIONS,
        "rounds": len(found.values["whole get"]),
        "postgraphile_is": beside,
        "quick": quick,
    }
    return Findings({name: rounded(v) if isinstance(v, float) else v for name, v in figures.items()}, ratios, LIMITS)
