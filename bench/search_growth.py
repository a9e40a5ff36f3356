"""Search and demand matching as the market grows: the same questions over 10,000 and over 1,000,000 listings.

Two databases of one server. Listings are made of sentences of the project's own samples, or, with
TECHMARKET_BENCH_DATA, of the public sets of that folder; two in three are Chinese. They and their index come by bulk
(`search_fill.py`); some thousand more then go through the one writer of the index, as the job writes them, which tells
how fast that is at either size. Questions go through the whole HTTP edge in one process, searches by anybody, matches
by the demands' owner, and alternate between both sides within each round; every first answer of a question is checked
against the second. What the cap on postings costs is measured beside it: how many of the first ten by all terms are
among the first ten as answered.

With TECHMARKET_BENCH_VECTORS set, every document of the registered space gets a vector of 384 numbers, a perturbed copy
of one of a thousand, and the large space its approximate index; then the same matches are asked by meaning, too. The
embedder answers at once, so that what it takes is left out. The server of both sides keeps 3 GB at hand then, which
holds the vectors of the million and their index; with the usual 256 MB the slowest matches take about twice as long.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from bench import search_fill, search_vectors
from bench.harness import Findings, Store, opened, own_store, quantile, rounded, say
from bench.search_fill import Batch, Pieces
from bench.served import MARKET, fresh_keys, serving
from techmarket.app import create_app
from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import Actor
from techmarket.jobs.runner import running
from techmarket.listings import service as listings
from techmarket.listings import steps as listing_steps
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.listings.steps import IndexText
from techmarket.matching import texts
from techmarket.matching.index import reading, writing
from techmarket.matching.index.columns import Space
from techmarket.matching.index.scoring import POSTINGS_MAX, bm25, first
from techmarket.matching.service import following
from tests.identity.make import Keyed, a_market, an_organisation

SMALL, SMALL_QUICK = 10_000, 300
LARGE, LARGE_QUICK = 1_000_000, 1_500
WRITTEN, WRITTEN_QUICK = 2_000, 100
ROUNDS, ROUNDS_QUICK = 8, 2
ASKED, ASKED_QUICK = 40, 6
PUBLISHED, PUBLISHED_QUICK = 20, 2
COMPARED, COMPARED_QUICK = 60, 5
ASKED_FOR_MEMORY = 60
MEMORY = "3GB"
LIMITS = (
    "One Python process reads the postings of the rarest terms, up to a bound, and sums them in numpy; that part grows "
    "until the bound is reached and stays there. Beside it stands what every answer costs: three round trips, twenty "
    "views cut to the reader, JSON. The writer's speed is the terms and digests of each text in Python, on one "
    "processor. The texts share their sentences, so a demand's words are more common than real ones would be."
)


@dataclass(frozen=True)
class Side:
    """One database with its listings, and what is asked of it."""

    store: Store
    size: int
    demander: Keyed
    demands: list[UUID]
    words: list[dict[str, Any]]
    figures: dict[str, Any]


async def measure(*, quick: bool) -> Findings:
    small_size, large_size = (SMALL_QUICK, LARGE_QUICK) if quick else (SMALL, LARGE)
    keys, pieces = fresh_keys(), Pieces()
    by_meaning = bool(os.environ.get("TECHMARKET_BENCH_VECTORS"))
    async with own_store(memory=MEMORY if by_meaning else None) as small:
        connection = await small.connect("postgres")
        await small.tx.dispose()
        await connection.execute("CREATE DATABASE bench_large TEMPLATE bench")
        await connection.close()
        async with opened(small.server, "bench_large") as large:
            operator = (await a_market(large.tx, keys))["operator"].actor  # before a server founds one
            written = WRITTEN_QUICK if quick else WRITTEN
            sides = {
                name: await _fill(store, keys, pieces, size, written)
                for name, store, size in (("small", small, small_size), ("large", large, large_size))
            }
            asked = ["search", "match"]
            if by_meaning:
                asked += ["match_by_meaning"]
                for name, side in sides.items():
                    side.figures["vectors"] = await search_vectors.fill(side.store, is_indexed=name == "large")
            times, differing = await _ask(sides, keys, quick, asked)
            for name, side in sides.items():
                for what in asked:
                    some = times[name, what]
                    side.figures[f"{what}_p50_ms"] = rounded(quantile(some, 0.5))
                    side.figures[f"{what}_p99_ms"] = rounded(quantile(some, 0.99))
                if not quick:
                    side.figures["api_process_mb"] = await _memory(side, keys)
                side.figures.update(await _kept_of_all_terms(side, COMPARED_QUICK if quick else COMPARED))
            figures: dict[str, Any] = {"quick": quick, "made_of": search_fill.source(), "postings_max": POSTINGS_MAX}
            figures |= {"postgres_memory": MEMORY} if by_meaning else {}
            figures |= {name: side.figures for name, side in sides.items()}
            figures["answers_that_differ_when_asked_again"] = differing
            delays = await _publish(sides["large"], keys, operator, PUBLISHED_QUICK if quick else PUBLISHED)
            figures["publish_to_findable_s"] = {
                "p50": rounded(quantile(delays, 0.5)),
                "most": rounded(max(delays)),
                "times": len(delays),
            }
    if differing:
        raise RuntimeError(f"{differing} questions were answered differently the second time")
    ratios = {
        f"{what}_p99": rounded(quantile(times["large", what], 0.99) / quantile(times["small", what], 0.99))
        for what in asked
    }
    return Findings(figures, ratios, LIMITS)


# --- filling --------------------------------------------------------------------------------------------------------


async def _fill(store: Store, keys: Keys, pieces: Pieces, size: int, written: int) -> Side:
    seller, demander = [await an_organisation(store.tx, keys=keys) for _ in range(2)]
    owners = ((seller.actor.org, seller.actor.person), (demander.actor.org, demander.actor.person))
    now = datetime.now(UTC)
    connection = await store.connect()
    try:
        spent, filled = await search_fill.fill(connection, pieces, size, owners, now)
        per_s = await _write(store, connection, pieces, size, written, owners, now)
        await connection.execute("VACUUM ANALYZE")
        names = ("search_term", "search_block", "search_column", "search_document", "search_phrase")
        sizes = {
            name: await connection.fetchval("SELECT pg_total_relation_size($1::text::regclass)", name) for name in names
        }
    finally:
        await connection.close()
    figures = {
        "listings": size + written,
        "index_built_by_bulk_s": rounded(spent),
        "listings_per_s_by_the_writer": rounded(per_s),
        "index_mb": rounded(sum(sizes.values()) / 1e6),
        "of_it_postings_mb": rounded(sizes["search_block"] / 1e6),
    }
    say(f"{size} listings are there: {figures}")
    demands, words = _samples(pieces, filled)
    return Side(store, size, demander, demands, words, figures)


def _samples(pieces: Pieces, filled: list[Batch]) -> tuple[list[UUID], list[dict[str, Any]]]:
    """Some listings from everywhere: demands to match, and texts to take words from."""
    rng = random.Random(3)
    demands, words = [], []
    for salt, batch in enumerate(filled):
        count = len(batch.ids)
        some = [n for n in range(count) if batch.is_demand[n]]
        demands += [batch.ids[n] for n in rng.sample(some, min(len(some), 400 // len(filled)))]
        words += [search_fill.document(pieces, batch, n, salt)["fields"] for n in rng.sample(range(count), 20)]
    return demands, words


async def _write(
    store: Store,
    connection: Any,
    pieces: Pieces,
    size: int,
    written: int,
    owners: search_fill.Owners,
    now: datetime,
) -> float:
    """More listings by the one writer, in the turns of the job; returns how many a second."""
    salt = 1_000
    (batch,) = search_fill.batches(pieces, written, first=size)
    await search_fill.copy_rows(connection, pieces, batch, owners, now, salt)
    began = time.perf_counter()
    for start in range(0, written, following.INDEX_BATCH):
        spaces: dict[Space, list[writing.Entry]] = {space: [] for space, _ in following.SPACES}
        for n in range(start, min(written, start + following.INDEX_BATCH)):
            one = search_fill.document(pieces, batch, n, salt)
            kind, org = ListingKind(one["kind"]), owners[bool(batch.is_demand[n])][0]
            following.counted(IndexText(batch.ids[n], kind, org, now, dict.fromkeys(Tier, one["fields"])), spaces, [])
        async with store.tx.begin() as db:
            for space, entries in spaces.items():
                await writing.put(db, space, entries)
    return written / (time.perf_counter() - began)


# --- asking ---------------------------------------------------------------------------------------------------------


async def _ask(
    sides: dict[str, Side], keys: Keys, quick: bool, wanted: Sequence[str]
) -> tuple[dict[tuple[str, str], list[float]], int]:
    rng = random.Random(11)
    times: dict[tuple[str, str], list[float]] = {}
    differing = 0
    clients = {name: _client(_means(side.store, keys)) for name, side in sides.items()}
    if "match_by_meaning" in wanted:
        nearby = (search_vectors.Nearby(),)
        clients |= {
            f"{name} meant": _client(replace(_means(side.store, keys), embedders=nearby))
            for name, side in sides.items()
        }
    try:
        for turn in range(ROUNDS_QUICK if quick else ROUNDS):
            count = ASKED_QUICK if quick else ASKED
            searches = [some_words(rng, sides["large"].words) for _ in range(count)]
            for name in sorted(sides, reverse=bool(turn % 2)):
                demands = rng.sample(sides[name].demands, min(count, len(sides[name].demands)))
                key = {"Authorization": f"Bearer {sides[name].demander.key}"}
                asked: list[tuple[str, str, dict[str, str], dict[str, str]]] = [
                    ("search", "/v1/search", {"q": q, "kind": "OFFER", "facets": "true"}, {}) for q in searches
                ]
                asked += [("match", f"/v1/listings/{id}/matches", {}, key) for id in demands]
                if "match_by_meaning" in wanted:
                    asked += [("match_by_meaning", f"/v1/listings/{id}/matches", {}, key) for id in demands]
                for what, path, params, headers in asked:
                    client = clients[f"{name} meant" if what == "match_by_meaning" else name]
                    started = time.perf_counter()
                    answer = await client.get(path, params=params, headers=headers)
                    if turn:  # the first round warms up
                        times.setdefault((name, what), []).append((time.perf_counter() - started) * 1000)
                    answer.raise_for_status()
                    if what == "match_by_meaning" and answer.json()["meaning"]["state"] != "USED":
                        raise RuntimeError(f"meaning took no part: {answer.json()['meaning']}")
                    if not turn:
                        # By the longer way, which no kept answer shortens.
                        again = await client.get(path, params={**params, "again": "true"}, headers=headers)
                        differing += again.content != answer.content
            say(f"round {turn + 1} asked")
    finally:
        for client in clients.values():
            await client.aclose()
    return times, differing


def _client(means: Means) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=create_app(means))
    return httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=60)


async def _memory(side: Side, keys: Keys) -> float:
    """What a process of the API takes once it has answered for both kinds of readers."""
    rng = random.Random(17)
    key = {"Authorization": f"Bearer {side.demander.key}"}
    async with (
        serving(MARKET, side.store, keys) as served,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", timeout=60) as client,
    ):
        for n in range(ASKED_FOR_MEMORY):
            answer = await client.get(
                "/v1/search", params={"q": some_words(rng, side.words)}, headers=key if n % 2 else {}
            )
            answer.raise_for_status()
        return rounded(served.process.memory_info().rss / 2**20)


async def _kept_of_all_terms(side: Side, count: int) -> dict[str, float]:
    """How many of the first ten by every term of a demand are among the first ten by those that are read."""
    kept, left_out = [], []
    async with side.store.tx.read(snapshot=True) as db:
        for id in side.demands[:count]:
            fields = (await _terms_of(db, [id]))[id]
            wanted = texts.query_terms(texts.terms_of(fields))
            look = await reading.look(db, Space.REGISTERED)
            answers = []
            for most in (POSTINGS_MAX, 10**9):
                asked = await reading.ask(db, Space.REGISTERED, wanted, most=most)
                within, counted = reading.among(look, asked, ListingKind.OFFER)
                at, scores = bm25(counted.postings, within.columns, within.about)
                offers = within.columns["kind"][at] == 0
                found = first(within.columns, at[offers], scores[offers], scores[offers], after=None, limit=10)
                answers.append({one.id for one in found})
                if most == POSTINGS_MAX:
                    left_out.append(len(asked.left_out) / max(1, len(wanted)))
            kept.append(len(answers[0] & answers[1]) / max(1, len(answers[1])))
    return {
        "of_the_first_ten_by_all_terms": rounded(sum(kept) / len(kept)),
        "terms_left_out": rounded(sum(left_out) / len(left_out)),
    }


async def _terms_of(db: Any, ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    found = await listing_steps.texts_for_index(db, ids)
    return {id: one.cuts[Tier.REGISTERED] for id, one in found.items()}


def some_words(rng: random.Random, known: list[dict[str, Any]]) -> str:
    """Two to four words, or four to ten characters, out of a listing."""
    fields = rng.choice(known)
    text = next(value for name, value in fields.items() if name.startswith(("summary", "problem")))
    if text.isascii():
        parts = text.split()
        first = rng.randrange(max(1, len(parts) - 4))
        return " ".join(parts[first : first + rng.randint(2, 4)])
    first = rng.randrange(max(1, len(text) - 10))
    return str(text[first : first + rng.randint(4, 10)])


def _means(store: Store, keys: Keys) -> Means:
    return Means(store.tx, keys, Files.at(Path(tempfile.gettempdir()) / "techmarket-bench-objects"))


async def _publish(side: Side, keys: Keys, operator: Actor, times: int) -> list[float]:
    """From the operator's acceptance to the first search that finds it, with the jobs at work in this process."""
    store, owner = side.store, side.demander.actor
    means = _means(store, keys)
    app = create_app(means)
    delays = []
    async with (
        running(means),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bench", timeout=60) as client,
    ):
        for n in range(times):
            word = f"findable{n}x{time.time_ns()}"
            draft = ListingDraft({"title_en": word, "problem_en": "Bench"}, {}, ())
            view = await listings.create_draft(store.tx, owner, ListingKind.DEMAND, draft)
            await listings.submit(store.tx, owner, view.id)
            await listings.accept(store.tx, operator, view.id)
            started = time.perf_counter()
            await _until_found(client, word)
            delays.append(time.perf_counter() - started)
    return delays


async def _until_found(client: httpx.AsyncClient, word: str) -> None:
    for _ in range(2_000):
        answer = await client.get("/v1/search", params={"q": word})
        if answer.json()["items"]:
            return
        await asyncio.sleep(0.02)
    raise RuntimeError("what was published is not found")
