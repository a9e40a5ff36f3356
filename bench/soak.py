"""Does anything grow? The market at half of what it can, over mixed operations, for half an hour.

    python -m bench.soak [--minutes 30] [--out .techmarket/soak]

First it is found out how many operations a second the process answers, then requests come at half that rate, at their
own times and whether others are answered or not (an open loop: a slow answer makes nobody come later, and is counted
from when it was to be asked). Looked at are the memory of the process, its open files and how long answers take, in
the first quarter beside the last. The process serves and runs the jobs; its database is beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvloop

from bench.harness import Store, own_store, quantile, rounded, say
from bench.plot import BOTTOM, COLOURS, HEIGHT, LEFT, TOP, WIDTH
from bench.served import MARKET, Served, fresh_keys, serving
from tests.identity.make import Keyed, a_market, an_organisation
from tests.listings.make import an_offer
from tests.trading.make import an_open_lot

MIX = {"read": 40, "page": 15, "search": 20, "bid": 20, "post": 5}
"""So many of a hundred operations are of this kind."""
WORDS = ("石墨烯", "传感器", "battery", "catalyst", "催化", "专利", "示例")
START, INCREMENT = 50_000_000, 1_000_000
BIDDERS, LOTS, LISTINGS = 16, 4, 40
AT_ONCE, PATIENCE_S = 16, 20.0
LINES = 64
"""So many are asked at once; who is due beyond that waits outside of the client library, which a queue slows down."""
SLOPE_MAX_MB, DRIFT_MAX = 1.0, 0.20
DEMAND = {
    "kind": "DEMAND",
    "terms": {
        "title_en": "Sample demand",
        "problem_en": "Trays warp. 示例数据 / sample data",
        "indicators": [{"name": "flatness", "requirement": "<= 1.0 mm"}],
        "budget": {"amount": "800000.00", "currency": "CNY"},
        "deadline": "2100-06-30",
    },
}


@dataclass
class Crowd:
    """Who asks for what; everything it needs was made before."""

    who: Sequence[Keyed]
    lots: Sequence[UUID]
    listings: Sequence[UUID]
    demand: dict[str, Any]
    dice: random.Random
    http: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    enough: dict[UUID, int] = field(default_factory=dict)
    odd: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    lines: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LINES))

    async def one(self) -> None:
        """One operation, drawn by lot."""
        self.asked += 1
        kind = self.dice.choices(list(MIX), list(MIX.values()))[0]
        ways: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
            "read": lambda: self.http.get(f"/v1/listings/{self.dice.choice(self.listings)}"),
            "page": lambda: self.http.get("/v1/listings?limit=20"),
            "search": lambda: self.http.get("/v1/search", params={"q": self.dice.choice(WORDS), "limit": 20}),
            "bid": self._bid,
            "post": self._post,
        }
        try:
            async with self.lines:
                answer = await ways[kind]()
        except httpx.HTTPError as error:
            self.odd[f"{kind} {type(error).__name__}"] += 1
            return
        if answer.status_code not in (200, 201) and not (kind == "bid" and answer.status_code == 409):
            self.odd[f"{kind} {answer.status_code}"] += 1

    def _headers(self) -> dict[str, str]:
        key = self.dice.choice(self.who).key
        return {"Authorization": f"Bearer {key}", "Idempotency-Key": f"soak-{self.dice.getrandbits(96):024x}"}

    async def _bid(self) -> httpx.Response:
        lot = self.dice.choice(self.lots)
        minor = self.enough.get(lot, START)
        body = {"amount": {"amount": f"{minor // 100}.{minor % 100:02d}", "currency": "CNY"}}
        answer = await self.http.post(f"/v1/lots/{lot}/bids", json=body, headers=self._headers())
        if answer.status_code == 201:
            self.enough[lot] = max(self.enough.get(lot, START), minor + INCREMENT)
        elif answer.status_code == 409 and "least" in (said := answer.json()):
            self.enough[lot] = round(float(said["least"]["amount"]) * 100)
        return answer

    async def _post(self) -> httpx.Response:
        return await self.http.post("/v1/listings", json=self.demand, headers=self._headers())


@dataclass
class Soaked:
    """What was seen: (seconds, megabytes), and (seconds, milliseconds) of each answer."""

    memory: list[tuple[float, float]] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)
    files_before: int = 0
    files_after: int = 0


def slope_per_minute(points: Sequence[tuple[float, float]]) -> float:
    """Of the line of least squares through them, a minute."""
    if len(points) < 2:
        return 0.0
    slope, _ = statistics.linear_regression([x for x, _ in points], [y for _, y in points])
    return slope * 60


def quarter(points: Sequence[tuple[float, float]], n: int, whole: float) -> list[float]:
    return [y for x, y in points if whole * n / 4 <= x < whole * (n + 1) / 4]


def judged(soaked: Soaked, seconds: float) -> dict[str, Any]:
    """The figures. Memory is looked at once caches are full, in the last three quarters of the time."""
    late = [(x, y) for x, y in soaked.memory if x >= seconds / 4]
    first, last = (quantile(quarter(soaked.waits, n, seconds), 0.99) for n in (0, 3))
    return {
        "memory_mb_per_minute": rounded(slope_per_minute(late)),
        "memory_mb": [rounded(soaked.memory[0][1]), rounded(soaked.memory[-1][1])],
        "files_grown": soaked.files_after - soaked.files_before,
        "p99_ms_first_quarter": rounded(first),
        "p99_ms_last_quarter": rounded(last),
        "p99_drift": rounded(last / first - 1),
    }


def holds(figures: dict[str, Any]) -> list[str]:
    """What is beyond its bar."""
    found = []
    if figures["memory_mb_per_minute"] >= SLOPE_MAX_MB:
        found.append(f"memory grows by {figures['memory_mb_per_minute']} MB a minute")
    if figures["files_grown"] > 0:
        found.append(f"{figures['files_grown']} files were left open")
    if figures["p99_drift"] >= DRIFT_MAX:
        found.append(f"answers take {figures['p99_drift']:.0%} longer at the end")
    if figures["odd"]:
        found.append(f"answers that should not be: {figures['odd']}")
    return found


async def a_crowd(store: Store, keys: Any) -> Crowd:
    staff = await a_market(store.tx, keys)
    who = [await an_organisation(store.tx, keys=keys) for _ in range(BIDDERS)]
    lots = [await an_open_lot(store.tx, [one.actor for one in who], free_seconds=80_000) for _ in range(LOTS)]
    seller = await an_organisation(store.tx)
    offers = [await an_offer(store.tx, seller.actor, staff["operator"].actor) for _ in range(LISTINGS)]
    return Crowd(who, [lot.id for lot in lots], [one.id for one in offers], DEMAND, random.Random(11))


async def capacity(crowd: Crowd, seconds: float) -> float:
    """Operations a second when a fixed number are always under way."""
    ends, before = time.perf_counter() + seconds, crowd.asked

    async def go_on() -> None:
        while time.perf_counter() < ends:
            await crowd.one()

    await asyncio.gather(*[go_on() for _ in range(AT_ONCE)])
    return (crowd.asked - before) / seconds


async def soak(crowd: Crowd, served: Served, rate: float, seconds: float, every: float) -> Soaked:
    """Requests at their own times for so long, at this rate."""
    soaked, began = Soaked(), time.perf_counter()
    under_way: set[asyncio.Task[None]] = set()

    async def ask(due: float) -> None:
        await crowd.one()
        soaked.waits.append((due - began, (time.perf_counter() - due) * 1000))

    async def watch() -> None:
        while True:
            soaked.memory.append((time.perf_counter() - began, served.process.memory_info().rss / 2**20))
            await asyncio.sleep(every)

    watching = asyncio.create_task(watch())
    due = began
    while due < began + seconds:
        due += crowd.dice.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(ask(due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    watching.cancel()
    return soaked


def client(port: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=LINES, max_keepalive_connections=LINES)
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, limits=limits)


async def open_files(served: Served, store: Store) -> int:
    """Once those who asked have hung up and the server has noticed. Lines to the database are left out: the pool opens
    as many as it once needed, up to a bound of its own, and keeps them."""
    await asyncio.sleep(1)
    to_database = [one for one in served.process.net_connections() if one.raddr and one.raddr.port == store.server.port]
    return int(served.process.num_fds()) - len(to_database)


async def run(*, minutes: float, warm_s: float = 20.0) -> tuple[dict[str, Any], Soaked]:
    keys, seconds = fresh_keys(), minutes * 60
    more = {"TECHMARKET_JOBS_IN_PROCESS": "true"}
    async with own_store() as store, contextlib.AsyncExitStack() as stack:
        crowd = await a_crowd(store, keys)  # before the market is served, which founds one where there is none
        served = await stack.enter_async_context(serving(MARKET, store, keys, more=more))
        async with client(served.port) as http:
            crowd.http = http
            await capacity(crowd, warm_s / 2)  # connections are opened and caches filled
            most = await capacity(crowd, warm_s / 2)
            await soak(crowd, served, most / 2, warm_s, every=1.0)
        before = await open_files(served, store)
        say(f"{most:.0f} operations a second at most; {most / 2:.0f} a second for {seconds / 60:.1f} minutes")
        async with client(served.port) as http:
            crowd.http = http
            crowd.odd.clear()
            soaked = await soak(crowd, served, most / 2, seconds, every=max(0.2, seconds / 360))
        soaked.files_before, soaked.files_after = before, await open_files(served, store)
    figures = {"capacity_per_s": rounded(most), "rate_per_s": rounded(most / 2), "minutes": rounded(minutes)}
    figures |= {"operations": len(soaked.waits), "odd": dict(crowd.odd), **judged(soaked, seconds)}
    return figures, soaked


def drawn(soaked: Soaked, seconds: float) -> str:
    """Memory, and the 99th percentile of each fiftieth of the time, over the minutes."""
    p99 = []
    for n in range(50):
        waits = [y for x, y in soaked.waits if seconds * n / 50 <= x < seconds * (n + 1) / 50]
        if waits:
            p99.append((seconds * (n + 0.5) / 50, quantile(waits, 0.99)))
    across, down = WIDTH - LEFT - 20, HEIGHT - BOTTOM - TOP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{seconds / 60:.0f} minutes at half of what it can</text>',
    ]
    for n in range(6):
        x = LEFT + across * n / 5
        parts.append(f'<path d="M{x:.1f} {TOP}V{TOP + down}" stroke="#eef1f4"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 26}" text-anchor="middle">{seconds * n / 300:.0f}</text>')
    parts.append(f'<text x="{LEFT + across / 2}" y="{HEIGHT - 8}" text-anchor="middle">minutes</text>')
    lines = {"memory of the process, MB": soaked.memory, "99th percentile, ms": p99}
    for n, (name, points) in enumerate(lines.items()):
        most = max((y for _, y in points), default=1.0) or 1.0
        line = " ".join(
            f"{LEFT + across * min(x / seconds, 1):.1f},{TOP + down * (1 - y / most / 1.1):.1f}" for x, y in points
        )
        colour = COLOURS[n]
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(
            f'<text x="{WIDTH - 24}" y="{TOP + down - 12 - 18 * n}" text-anchor="end" fill="{colour}">'
            f"{escape(name)} (at most {most:.0f})</text>"
        )
    return "\n".join([*parts, "</svg>\n"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--out", type=Path, default=Path(".techmarket") / "soak")
    given = parser.parse_args()
    figures, soaked = uvloop.run(run(minutes=given.minutes))
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "soak.svg").write_text(drawn(soaked, given.minutes * 60))
    (given.out / "soak.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))
    beyond = holds(figures)
    say("; ".join(beyond) or f"nothing grows; drawn in {given.out / 'soak.svg'}")
    return int(bool(beyond))


if __name__ == "__main__":
    sys.exit(main())
