"""Ten thousand watchers of one trade on one process, twenty prices a second: the market's stream against a bare one.

Bids that lead are placed in the book by this process, so many a second; the server under measurement hears of them by
notification, as any process of the market does. The bare side is a raw ASGI function that passes the notifications on,
with the same ticks. Watchers live in processes of their own, come from a hundred addresses, and say of each price how
many milliseconds after the answer to its bid it came. Beside it somebody asks the same process for something else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bench.harness import ROOT, Findings, Rounds, Store, median_ratio, own_store, quantile, rounded, say
from bench.plot import shares
from bench.served import MARKET, Served, fresh_keys, serving
from techmarket.db import keys as market_keys
from techmarket.identity.actor import Actor
from techmarket.trading.bidbook import BidBook
from tests.trading.make import OpenLot, an_open_lot, bidders

EVENTS_PER_SECOND = 20.0
CLIENT_PROCESSES = 2
START, INCREMENT = 50_000_000, 1_000_000
SIDES = ("ours", "bare")
COMMANDS = {"ours": MARKET, "bare": ("-m", "bench.bare_stream")}
PROBE_SECONDS = 0.05
DRAIN_SECONDS = 2.0

LIMITS = (
    "One write to each line a tick: 40,000 a second at 10,000 watchers, most of it the system's work of sending. The "
    "tick of 250 ms is the larger part of every delivery time; what is above it is the time to write to all lines, "
    "and the clients' own time to read, because clients, server and database share the processors. Memory is one "
    "connection, its buffers in the server's library, and no task or request."
)


@dataclass(frozen=True)
class Side:
    """What one side did in one round."""

    got: list[int]
    sent: int
    lags_ms: Counter[int]
    connect_s: float
    rss_over_idle_mb: float
    cpu_share: float
    probes_ms: list[float]

    def lag(self, share: float) -> float:
        whole, so_far = self.lags_ms.total(), 0
        for lag, count in sorted(self.lags_ms.items()):
            so_far += count
            if so_far >= whole * share:
                return float(lag)
        raise RuntimeError("nothing came")


async def measure(*, quick: bool) -> Findings:
    watchers, seconds, rounds = (200, 1.5, 1) if quick else (10_000, 20.0, 3)
    also = () if quick else (400, 2_000)
    found, seen = Rounds(), dict[str, Counter[int]]()
    keys = fresh_keys()
    by_watchers: dict[str, Any] = {}
    async with own_store() as store:
        who = await bidders(store.tx, 2)
        for turn in range(rounds):
            for side in SIDES[turn % 2 :] + SIDES[: turn % 2]:
                # A process of its own each time: what it holds above its idle state is what watchers cost.
                async with serving(COMMANDS[side], store, keys) as server:
                    result = await _side(store, server, side, who, watchers, seconds)
                _note(found, side, result)
                seen.setdefault(side, Counter()).update(result.lags_ms)
        for count in also:
            for side in SIDES:
                async with serving(COMMANDS[side], store, keys) as server:
                    result = await _side(store, server, side, who, count, seconds / 2)
                by_watchers[f"{side}_{count}"] = {"p50_ms": result.lag(0.5), "p99_ms": result.lag(0.99)}
    return _findings(found, seen, by_watchers, watchers=watchers, seconds=seconds, quick=quick)


def _note(found: Rounds, side: str, result: Side) -> None:
    noted = {
        "p50": result.lag(0.5),
        "p99": result.lag(0.99),
        "rss": result.rss_over_idle_mb,
        "cpu": result.cpu_share,
        "connect": result.connect_s,
        "got_least": min(result.got) / result.sent,
        "got_mean": sum(result.got) / len(result.got) / result.sent,
        "probe": quantile(result.probes_ms, 0.99),
    }
    for name, value in noted.items():
        found.add(f"{side}_{name}", value)
    say(f"{side}: " + ", ".join(f"{name} {rounded(value)}" for name, value in noted.items()))


def _findings(
    found: Rounds,
    seen: dict[str, Counter[int]],
    by_watchers: dict[str, Any],
    *,
    watchers: int,
    seconds: float,
    quick: bool,
) -> Findings:
    sides = {
        side: {
            "p50_ms": found.median(f"{side}_p50"),
            "p99_ms": found.median(f"{side}_p99"),
            "p99_ms_by_round": found.all_of(f"{side}_p99"),
            "rss_over_idle_mb": found.median(f"{side}_rss"),
            "processor_share": found.median(f"{side}_cpu"),
            "connect_s": found.median(f"{side}_connect"),
            "events_got_per_watcher_of_those_sent": found.median(f"{side}_got_mean"),
            "least_got_by_one_watcher": found.median(f"{side}_got_least"),
            "another_request_p99_ms": found.median(f"{side}_probe"),
        }
        for side in SIDES
    }
    figures: dict[str, Any] = {
        "watchers": watchers,
        "events_per_s": EVENTS_PER_SECOND,
        "p50_ms": sides["ours"]["p50_ms"],
        "p99_ms": sides["ours"]["p99_ms"],
        "rss_over_idle_mb": sides["ours"]["rss_over_idle_mb"],
        **sides,
        "with_fewer_watchers": by_watchers,
        "seconds_per_side": seconds,
        "rounds": len(found.values["ours_p99"]),
        "quick": quick,
    }
    ratio = median_ratio(found.values["ours_p99"], found.values["bare_p99"])
    drawn = shares(
        f"Delivery to {watchers:,} watchers at {EVENTS_PER_SECOND:.0f} prices a second",
        "milliseconds from the bid's answer to the watcher",
        {side: sorted((float(lag), count) for lag, count in seen[side].items()) for side in SIDES},
    )
    return Findings(figures, {"p99_vs_raw": ratio}, LIMITS, plots={"stream": drawn})


async def _side(store: Store, server: Served, side: str, who: Sequence[Actor], watchers: int, seconds: float) -> Side:
    """Connect all watchers, place bids for a while, and gather what came of it."""
    lot = await an_open_lot(store.tx, who, start_price_minor=START, increment_minor=INCREMENT)
    idle = server.process.memory_info().rss
    async with contextlib.AsyncExitStack() as stack:
        share = watchers // CLIENT_PROCESSES
        clients = [
            await stack.enter_async_context(_clients(server.port, lot, share, n * share))
            for n in range(CLIENT_PROCESSES)
        ]
        joined = [await _hear(client) for client in clients]
        await asyncio.sleep(1)
        spent, began, probes = server.cpu_seconds(), time.monotonic(), list[float]()
        probing = asyncio.create_task(_probe(server.port, probes))
        placed = await _place(store, lot, who, seconds)
        cpu = (server.cpu_seconds() - spent) / (time.monotonic() - began)
        rss = server.process.memory_info().rss - idle
        await asyncio.sleep(DRAIN_SECONDS)
        probing.cancel()
        said = [await _ask(client, placed) for client in clients]
    lags = Counter[int]()
    for one in said:
        lags.update(dict(one["lags_ms"]))
    if again := sum(one["again"] for one in said):
        raise RuntimeError(f"{side}: {again} prices were told twice or out of order")
    return Side(
        [got for one in said for got in one["got"]],
        len(placed),
        lags,
        max(one["seconds"] for one in joined),
        rss / 2**20,
        cpu,
        probes,
    )


async def _place(store: Store, lot: OpenLot, who: Sequence[Actor], seconds: float) -> dict[int, float]:
    """Leading bids at an even pace; when each was answered."""
    placed: dict[int, float] = {}
    async with BidBook(store.tx.engine, market_keys.for_tests().receipts) as book:
        began = time.monotonic()
        for n in range(int(seconds * EVENTS_PER_SECOND)):
            await asyncio.sleep(max(0.0, began + n / EVENTS_PER_SECOND - time.monotonic()))
            answer = await book.place(lot.id, org_id=who[n % 2].org, minor=START + n * INCREMENT, key=f"{n}")
            if not answer.is_accepted:
                raise RuntimeError("a bid that was to lead did not")
            placed[answer.receipt.entry.seq] = time.monotonic()
    return placed


async def _probe(port: int, taken: list[float]) -> None:
    """What somebody else waits for an answer of the same process."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http:
        while True:
            asked = time.monotonic()
            await http.get("/healthz")
            taken.append((time.monotonic() - asked) * 1000)
            await asyncio.sleep(PROBE_SECONDS)


@contextlib.asynccontextmanager
async def _clients(port: int, lot: OpenLot, count: int, first: int) -> AsyncIterator[asyncio.subprocess.Process]:
    path = f"/v1/trades/{lot.trade_id}/stream"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.stream_clients", str(port), path, str(count), str(first)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 26,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _hear(client: asyncio.subprocess.Process) -> dict[str, Any]:
    assert client.stdout is not None
    line = await client.stdout.readline()
    if not line:
        raise RuntimeError("the watchers could not all connect")
    said: dict[str, Any] = json.loads(line)
    return said


async def _ask(client: asyncio.subprocess.Process, placed: dict[int, float]) -> dict[str, Any]:
    assert client.stdin is not None
    client.stdin.write(json.dumps(placed).encode() + b"\n")
    await client.stdin.drain()
    return await _hear(client)
