"""Ten thousand idle lines, hundreds of slow senders, a thousand who hang up: the others are served.

Only `TECHMARKET_LONG=1` has a test here; the short forms are in tests/api/test_boundary.py (idle lines, slow heads and
bodies, what is answered at once) and tests/db/test_exhaustion.py (callers who hang up, a pool that is held).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psutil

from tests.db.test_exhaustion import REGISTRATION, idle_in_transaction
from tests.fault.test_kill_bidding import Served, Trade, free_port, served, trade

__all__ = ["served", "trade"]

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
IDLE = (100, 2_500, 10_000)
SLOW = 300
HUNG_UP = 1_000
READERS = 4
ROUNDS = 4
LOOK_SECONDS = 1.2
RATIO_MAX = 2.0
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HOLDER = """
import resource, socket, sys
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
lines = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(int(sys.argv[2]))]
print(len(lines), flush=True)
sys.stdin.read()
"""
"""Lines that say nothing, held by a process of its own: what they cost their holder is no part of what is measured."""


@asynccontextmanager
async def idle_lines(port: int, count: int) -> AsyncIterator[int]:
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(port), str(count), stdin=pipe, stdout=pipe
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        yield int(await asyncio.wait_for(holder.stdout.readline(), 120))
    finally:
        holder.stdin.close()
        await holder.wait()


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
        async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False, verify=False) as http:
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


async def side_by_side(crowded: str, calm: str, path: str) -> tuple[dict[str, float], Counter[int]]:
    """The same readers at two processes of one market by turns: what else runs on the machine meets both alike."""
    times: dict[str, list[float]] = {crowded: [], calm: []}
    statuses: Counter[int] = Counter()
    for _ in range(ROUNDS):
        for base in (crowded, calm):
            some, told = await served_meanwhile(base, path, LOOK_SECONDS)
            times[base] += some
            statuses += told
    ours, theirs = p95(times[crowded]), p95(times[calm])
    return {"p95_ms": ours, "beside_ms": theirs, "ratio": round(ours / theirs, 2)}, statuses


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
        beside = Served(served.folder, served.database, free_port())
        for one in (served, beside):
            one.more["TECHMARKET_OPEN_PER_MINUTE"] = "0"  # this crowd has one address
            one.start()
        try:
            for one in (served, beside):
                await one.ready()
            figures = await crowd(served, beside.base, f"/v1/lots/{trade.lot_id}")
        finally:
            beside.end(signal.SIGKILL)
        print(json.dumps(figures), file=sys.stderr)
        assert figures["left_open"] == 0
        assert figures["statuses"] == [200]
        assert max(one["ratio"] for name, one in figures.items() if name.endswith("_idle")) <= RATIO_MAX, figures

    async def crowd(served: Served, beside: str, path: str) -> dict[str, Any]:
        url = served.database.url()
        assert served.process is not None
        files = psutil.Process(served.process.pid).num_fds()
        heard: Counter[int] = Counter()
        figures: dict[str, Any] = {}
        figures["nobody"], told = await side_by_side(served.base, beside, path)
        heard += told
        for count in IDLE:
            async with idle_lines(served.port, count) as held:
                figures[f"{held}_idle"], told = await side_by_side(served.base, beside, path)
                heard += told
        head = (
            b"POST /v1/organisations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        )
        async with lines(served.port, SLOW, head) as heads, lines(served.port, SLOW, head + b"\r\n{") as bodies:
            began = time.monotonic()
            figures["slow"], told = await side_by_side(served.base, beside, path)
            heard += told
            ended = [asyncio.create_task(reader.read()) for reader, _ in (*heads, *bodies)]
            answers = await asyncio.wait_for(asyncio.gather(*ended, return_exceptions=True), 60)
            figures["slow_told_408"] = sum(b" 408 " in one for one in answers if isinstance(one, bytes))
            figures["slow_dropped_after_s"] = round(time.monotonic() - began, 1)
        await hang_up(served.port, HUNG_UP)
        began = time.monotonic()
        figures["left_open"] = await idle_in_transaction(url, within=60)
        figures["all_closed_after_s"] = round(time.monotonic() - began, 1)
        figures["after"], told = await side_by_side(served.base, beside, path)
        figures["statuses"] = sorted(heard + told)
        figures["files_more_than_before"] = psutil.Process(served.process.pid).num_fds() - files
        return figures
