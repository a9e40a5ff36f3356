"""Search and demand matching as the market grows: the same questions over 10,000 and over 1,000,000 listings.

Two databases of one server. Listings are made of sentences of the project's own samples, or, with
TECHMARKET_BENCH_DATA, of the public sets of that folder; two in three are Chinese. They are written as rows and
indexed by the one writer of the index, as the job does it. Questions go through the whole HTTP edge in one process and
alternate between both sides within each round; every first answer of a question is checked against the second.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import random
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil

from bench.harness import Findings, Store, opened, own_store, quantile, rounded, say
from techmarket.app import create_app
from techmarket.db import keys as market_keys
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.disclosure.tiers import Tier
from techmarket.identity import service as identity
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.identity.lifecycle import OrgState
from techmarket.jobs.runner import running
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.ids import new_id
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.listings.steps import IndexText
from techmarket.matching.index import writing
from techmarket.matching.index.columns import Space
from techmarket.matching.service import following

SMALL, SMALL_QUICK = 10_000, 300
LARGE, LARGE_QUICK = 1_000_000, 3_000
BATCH = 5_000
ROUNDS, ROUNDS_QUICK = 12, 2
SEARCHES, MATCHES = 40, 20
PUBLISHED, PUBLISHED_QUICK = 20, 2
LIMITS = (
    "One Python process reads the postings of the rarest terms, up to 300,000, and sums them in numpy; that part "
    "grows until the bound is reached and stays there. Beside it stands what every answer costs: three round trips, "
    "twenty views cut to the reader, JSON. Building is the terms and digests of each text in Python, on one processor."
)


async def measure(*, quick: bool) -> Findings:
    small_size, large_size = (SMALL_QUICK, LARGE_QUICK) if quick else (SMALL, LARGE)
    async with own_store() as small:
        connection = await small.connect("postgres")
        await small.tx.dispose()
        await connection.execute("CREATE DATABASE bench_large TEMPLATE bench")
        await connection.close()
        async with opened(small.server, "bench_large") as large:
            sides = {"small": (small, small_size), "large": (large, large_size)}
            built = {side: await _fill(store, size) for side, (store, size) in sides.items()}
            figures: dict[str, Any] = {"quick": quick, "made_of": _source()}
            times, differing = await _ask({side: store for side, (store, _) in sides.items()}, built, quick)
            for side, (_, size) in sides.items():
                figures[side] = _figures(side, size, built[side], times)
            figures["answers_that_differ_when_asked_again"] = differing
            delays = await _publish(large, PUBLISHED_QUICK if quick else PUBLISHED)
            figures["publish_to_findable_s"] = {
                "p50": rounded(quantile(delays, 0.5)),
                "most": rounded(max(delays)),
                "times": len(delays),
            }
            figures["rss_mb"] = rounded(psutil.Process().memory_info().rss / 2**20)
    if differing:
        raise RuntimeError(f"{differing} questions were answered differently the second time")
    ratios = {
        f"{what}_p99": rounded(quantile(times["large", what], 0.99) / quantile(times["small", what], 0.99))
        for what in ("search", "match")
    }
    return Findings(figures, ratios, LIMITS)


def _figures(side: str, size: int, built: dict[str, Any], times: dict[tuple[str, str], list[float]]) -> dict[str, Any]:
    out = {"listings": size, "listings_per_s_built": built["per_s"], "index_mb": built["index_mb"]}
    for what in ("search", "match"):
        some = times[side, what]
        out |= {f"{what}_p50_ms": rounded(quantile(some, 0.5)), f"{what}_p99_ms": rounded(quantile(some, 0.99))}
    return out


# --- texts ----------------------------------------------------------------------------------------------------------


def _source() -> str:
    return "public sets" if os.environ.get("TECHMARKET_BENCH_DATA") else "samples"


def _sentences() -> dict[str, tuple[list[str], list[str]]]:
    """Titles and sentences by language."""
    texts: dict[str, list[tuple[str, str]]] = {"zh": [], "en": []}
    folder = os.environ.get("TECHMARKET_BENCH_DATA")
    if folder:
        with gzip.open(Path(folder) / "sbir" / "awards.jsonl.gz", "rt") as lines:
            texts["en"] = [(row["title"], row["abstract"]) for row in map(json.loads, lines)]
        with (Path(folder) / "csl" / "csl_dev.jsonl").open() as lines:
            texts["zh"] = [(row["title"], row["abstract"]) for row in map(json.loads, lines)]
    else:
        sample = resources.files("techmarket.samples") / "offers.jsonl"
        for row in map(json.loads, sample.read_text(encoding="utf-8").splitlines()):
            for language in texts:
                texts[language].append((row[f"title_{language}"], row[f"abstract_{language}"]))
    out = {}
    for language, some in texts.items():
        cut = re.compile(r"[。；;.]\s*" if language == "en" else r"[。；;，,.]")
        sentences = [part.strip() for _, text in some for part in cut.split(text) if 8 < len(part) < 300]
        out[language] = ([title for title, _ in some], sentences)
    return out


def _documents(size: int) -> Iterator[dict[str, Any]]:
    known, rng = _sentences(), random.Random(7)
    for n in range(size):
        language = "zh" if rng.random() < 0.66 else "en"
        titles, sentences = known[language]
        kind = ListingKind.DEMAND if n % 5 == 4 else ListingKind.OFFER
        body = "summary" if kind is ListingKind.OFFER else "problem"
        money = {"amount": f"{rng.randint(1, 500)}0000.00", "currency": "CNY"}
        fields = {
            f"title_{language}": f"{rng.choice(titles)[:150]} {rng.randint(1, 9999)}",
            f"{body}_{language}": ("。" if language == "zh" else ". ").join(rng.sample(sentences, 3)),
            "technology_field": f"{rng.randint(1, 11):02d}",
            "region": rng.choice(["330100", "330200", "310000", "320500", "440300"]),
            "price" if kind is ListingKind.OFFER else "budget": money,
        }
        yield {"kind": kind.value, "fields": fields, "raised": {}, "achievements": [], "nonce": f"{n:032x}"}


# --- filling --------------------------------------------------------------------------------------------------------


async def _fill(store: Store, size: int) -> dict[str, Any]:
    orgs = [await _organisation(store, n) for n in range(2)]
    connection = await store.connect()
    now = datetime.now(UTC)
    spent, demands, words = 0.0, [], []
    batch: list[tuple[UUID, dict[str, Any]]] = []
    source = _documents(size)
    try:
        await connection.execute("SET session_replication_role = replica")  # no checks of keys while copying
        while True:
            batch = [(new_id(), document) for _, document in zip(range(BATCH), source, strict=False)]
            if not batch:
                break
            await _copy(connection, batch, orgs, now)
            started = time.perf_counter()
            await _index(store, batch, orgs, now)
            spent += time.perf_counter() - started
            demands += [id for id, document in batch if document["kind"] == "DEMAND"][:3]
            words += [document["fields"] for _, document in batch[:20]]
        await connection.execute("VACUUM ANALYZE")
        names = ("search_term", "search_block", "search_column", "search_document", "search_phrase")
        total = sum([await connection.fetchval("SELECT pg_total_relation_size($1::text::regclass)", n) for n in names])
    finally:
        await connection.close()
    say(f"{size} listings are there, {size / spent:.0f} a second indexed")
    return {"per_s": rounded(size / spent), "index_mb": rounded(total / 1e6), "demands": demands, "words": words}


async def _organisation(store: Store, n: int) -> tuple[UUID, UUID]:
    async with store.tx.begin() as db:
        made = await identity.found_organisation(
            db,
            market_keys.for_tests(),
            kind=OrgKind.ENTERPRISE,
            name=f"Bench organisation {n}",
            name_en=None,
            uscc=None,
            region="330100",
            government_established=False,
            applies_local_rules=False,
            administrator="Bench",
            roles=(Role.ADMINISTRATOR, Role.LISTING_OFFICER),
            state=OrgState.VERIFIED,
        )
    return made.organisation.id, made.administrator.id


def _org(document: dict[str, Any], orgs: list[tuple[UUID, UUID]]) -> tuple[UUID, UUID]:
    return orgs[document["kind"] == "DEMAND"]


async def _copy(
    connection: Any, batch: list[tuple[UUID, dict[str, Any]]], orgs: list[tuple[UUID, UUID]], now: datetime
) -> None:
    bodies = [canonical_json(document) for _, document in batch]
    hashes = [hashlib.sha256(body).hexdigest() for body in bodies]
    await connection.copy_records_to_table(
        "text", columns=["sha256", "body"], records=list(zip(hashes, bodies, strict=True))
    )
    await connection.copy_records_to_table(
        "listing",
        columns=["id", "kind", "org_id", "state", "current_n", "revision", "published_at", "accepted_n"],
        records=[(id, d["kind"], _org(d, orgs)[0], "PUBLISHED", 1, 1, now, 1) for id, d in batch],
    )
    await connection.copy_records_to_table(
        "listing_version",
        columns=["listing_id", "n", "sha256", "by"],
        records=[(id, 1, sha, _org(d, orgs)[1]) for (id, d), sha in zip(batch, hashes, strict=True)],
    )


async def _index(
    store: Store, batch: list[tuple[UUID, dict[str, Any]]], orgs: list[tuple[UUID, UUID]], now: datetime
) -> None:
    """As the job does it for what the journal names."""
    spaces: dict[Space, list[writing.Entry]] = {space: [] for space, _ in following.SPACES}
    for id, document in batch:
        fields = document["fields"]
        one = IndexText(id, ListingKind(document["kind"]), _org(document, orgs)[0], now, dict.fromkeys(Tier, fields))
        following.counted(one, spaces, [])
    async with store.tx.begin() as db:
        for space, entries in spaces.items():
            await writing.put(db, space, entries)


# --- asking ---------------------------------------------------------------------------------------------------------


async def _ask(
    stores: dict[str, Store], built: dict[str, dict[str, Any]], quick: bool
) -> tuple[dict[tuple[str, str], list[float]], int]:
    rng = random.Random(11)
    times: dict[tuple[str, str], list[float]] = {}
    differing = 0
    apps = {side: create_app(_means(store)) for side, store in stores.items()}
    clients = {
        side: httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bench", timeout=60)
        for side, app in apps.items()
    }
    try:
        for turn in range(ROUNDS_QUICK if quick else ROUNDS):
            searches = [_words(rng, built["large"]["words"]) for _ in range(SEARCHES)]
            for side in sorted(clients, reverse=bool(turn % 2)):
                demands = rng.sample(built[side]["demands"], min(MATCHES, len(built[side]["demands"])))
                asked = [("search", "/v1/search", {"q": q, "kind": "OFFER", "facets": "true"}) for q in searches]
                asked += [("match", f"/v1/listings/{id}/matches", {}) for id in demands]
                for what, path, params in asked:
                    started = time.perf_counter()
                    answer = await clients[side].get(path, params=params)
                    if turn:  # the first round warms up
                        times.setdefault((side, what), []).append((time.perf_counter() - started) * 1000)
                    answer.raise_for_status()
                    if not turn:
                        again = await clients[side].get(path, params=params)
                        differing += again.content != answer.content
            say(f"round {turn + 1} asked")
    finally:
        for client in clients.values():
            await client.aclose()
    return times, differing


def _words(rng: random.Random, known: list[dict[str, Any]]) -> str:
    """Two to four words, or four to ten characters, out of a listing."""
    fields = rng.choice(known)
    text = next(value for name, value in fields.items() if name.startswith(("summary", "problem")))
    if text.isascii():
        parts = text.split()
        first = rng.randrange(max(1, len(parts) - 4))
        return " ".join(parts[first : first + rng.randint(2, 4)])
    first = rng.randrange(max(1, len(text) - 10))
    return str(text[first : first + rng.randint(4, 10)])


def _means(store: Store) -> Means:
    return Means(store.tx, market_keys.for_tests(), Files.at(Path(tempfile.gettempdir()) / "techmarket-bench-objects"))


async def _publish(store: Store, times: int) -> list[float]:
    """From the operator's acceptance to the first search that finds it, with the jobs at work in this process."""
    means = _means(store)
    market = await identity.found_market(store.tx, means.keys, name="Bench market")
    operator = await identity.authenticate(store.tx, means.keys, market["operator"])
    org_id, person_id = await _organisation(store, 9)
    owner = _actor(org_id, person_id)
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


def _actor(org_id: UUID, person_id: UUID) -> Actor:
    roles = frozenset({Role.ADMINISTRATOR, Role.LISTING_OFFICER, Role.TRADER})
    return Actor(person_id, org_id, OrgKind.ENTERPRISE, True, roles)
