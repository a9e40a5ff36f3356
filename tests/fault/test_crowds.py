"""Ten thousand idle lines, hundreds of slow senders, a thousand who hang up: the others are served.

Only `TECHMARKET_LONG=1` has a test here; the short forms are in tests/api/test_boundary.py (idle lines, slow heads and
bodies, what is answered at once) and tests/db/test_exhaustion.py (callers who hang up, a pool that is held).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psutil

from tests.db.test_exhaustion import REGISTRATION, idle_in_transaction
from tests.fault.test_kill_bidding import Served, Trade, served, trade

__all__ = ["served", "trade"]

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
IDLE = 10_000
SLOW = 300
HUNG_UP = 1_000
READERS = 4
LOOK_SECONDS = 6.0
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def lines(port: int, count: int, first: bytes = b"") -> AsyncIterator[list[Line]]:
    """So many connections that say no more than this."""
    held: list[Line] = []
    try:
        for start in range(0, count, 200):
            some = [asyncio.open_connection("127.0.0.1", port) for _ in range(min(200, count - start))]
            for one in await asyncio.gather(*some, return_exceptions=True):
                if not isinstance(one, BaseException):
                    held.append(one)
                    one[1].write(first)
        yield held
    finally:
        for _, writer in held:
            writer.transport.abort()


async def served_meanwhile(base: str, path: str, seconds: float) -> tuple[list[float], Counter[int]]:
    """Answer times in ms and statuses of a few ordinary readers."""
    times: list[float] = []
    statuses: Counter[int] = Counter()
    until = time.monotonic() + seconds

    async def read() -> None:
        async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http:
            while time.monotonic() < until:
                began = time.perf_counter()
                with contextlib.suppress(httpx.RemoteProtocolError):  # the line was idle when its turn to go came
                    statuses[(await http.get(path)).status_code] += 1
                    times.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(0.01)

    await asyncio.gather(*[read() for _ in range(READERS)])
    return times, statuses


def p95(times: list[float]) -> float:
    return round(statistics.quantiles(times, n=20)[18], 1)


async def hang_up(port: int, count: int) -> None:
    """So many senders whose line breaks while their request is being answered."""
    body = json.dumps(REGISTRATION).encode()
    for n in range(0, count, 50):
        async with lines(port, 50) as some:
            for turn, (_, writer) in enumerate(some):
                head = f"POST /v1/organisations HTTP/1.1\r\nHost: a\r\nIdempotency-Key: hung-up-amid-{n}-{turn}\r\n"
                head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
            await asyncio.sleep(0.02)


if IS_LONG:

    async def test_idle_lines_slow_senders_and_callers_who_hang_up_keep_nobody_out(
        served: Served, trade: Trade
    ) -> None:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        served.start()
        await served.ready()
        path, url = f"/v1/lots/{trade.lot_id}", served.database.url()
        alone, _ = await served_meanwhile(served.base, path, LOOK_SECONDS)
        assert served.process is not None
        files = psutil.Process(served.process.pid).num_fds()
        figures: dict[str, object] = {"alone_p95_ms": p95(alone)}
        async with lines(served.port, IDLE) as idle:
            times, statuses = await served_meanwhile(served.base, path, LOOK_SECONDS)
            figures |= {"idle_lines": len(idle), "idle_p95_ms": p95(times), "idle_statuses": dict(statuses)}
            assert set(statuses) == {200}
            print(json.dumps(figures), file=sys.stderr)
        head = (
            b"POST /v1/organisations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        )
        async with lines(served.port, SLOW, head) as heads, lines(served.port, SLOW, head + b"\r\n{") as bodies:
            began = time.monotonic()
            times, statuses = await served_meanwhile(served.base, path, LOOK_SECONDS)
            assert set(statuses) == {200}
            ended = [asyncio.create_task(reader.read()) for reader, _ in (*heads, *bodies)]
            answers = await asyncio.wait_for(asyncio.gather(*ended, return_exceptions=True), 60)
            figures["slow_told_408"] = sum(b" 408 " in one for one in answers if isinstance(one, bytes))
            figures |= {"slow_p95_ms": p95(times), "slow_dropped_after_s": round(time.monotonic() - began, 1)}
        await hang_up(served.port, HUNG_UP)
        figures["idle_in_transaction_after_5_s"] = await idle_in_transaction(url, within=5)
        times, statuses = await served_meanwhile(served.base, path, LOOK_SECONDS)
        figures |= {"after_p95_ms": p95(times), "after_statuses": dict(statuses)}
        figures["files_more_than_before"] = psutil.Process(served.process.pid).num_fds() - files
        print(json.dumps(figures), file=sys.stderr)
        assert figures["idle_in_transaction_after_5_s"] == 0
        assert set(statuses) == {200}
