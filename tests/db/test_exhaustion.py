"""When the database is busy, cut off or gone, callers hear "busy, come again", and the market comes back by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from techmarket.app import create_app
from techmarket.db import embedded
from techmarket.db import keys as market_keys
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from tests.pg import migrate

POOL = 4
POOL_SECONDS = 1.0
READ = "/v1/clock"
REGISTRATION = {"kind": "ENTERPRISE", "name": "示例企业", "administrator": "示例人员"}


@asynccontextmanager
async def edge(means: Means) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(means)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://market.test") as http,
    ):
        yield http


@pytest.fixture
async def small(means: Means, database_url: str) -> AsyncIterator[Means]:
    """The same market over a pool of four connections for which nobody waits longer than a second."""
    tx = Tx(make_engine(database_url, pool_size=POOL, pool_timeout_s=POOL_SECONDS, application="small"))
    yield replace(means, tx=tx)
    await tx.dispose()


def busy(answer: httpx.Response) -> bool:
    after = answer.headers.get("retry-after", "")
    return answer.status_code == 503 and answer.json()["code"] == "market.busy" and 1 <= int(after) <= 5


async def read_for(http: httpx.AsyncClient, seconds: float, until: int) -> list[httpx.Response]:
    """Answers to readers who come again and again, up to the first with the status waited for."""
    heard: list[httpx.Response] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        heard.append(await asyncio.wait_for(http.get(READ), timeout=10))
        if heard[-1].status_code == until:
            break
        await asyncio.sleep(0.05)
    return heard


async def test_a_pool_held_by_slow_work_makes_callers_come_again_and_never_hang(small: Means):
    async with edge(small) as http:
        release, held = asyncio.Event(), asyncio.Semaphore(0)

        async def hold() -> None:
            async with small.tx.begin() as db:
                await db.execute(text("SELECT 1"))
                held.release()
                await release.wait()

        holders = [asyncio.create_task(hold()) for _ in range(POOL)]
        for _ in holders:
            await held.acquire()
        started = time.monotonic()
        heard = await asyncio.wait_for(asyncio.gather(*[http.get(READ) for _ in range(2 * POOL)]), timeout=10)
        assert time.monotonic() - started < POOL_SECONDS + 4
        assert [answer.status_code for answer in heard if not busy(answer)] == []
        release.set()
        await asyncio.gather(*holders)
        assert [(await http.get(READ)).status_code for _ in range(2 * POOL)] == [200] * 2 * POOL


@pytest.mark.slow
async def test_300_who_hang_up_in_the_middle_leave_no_transaction_open(small: Means, database_url: str):
    async with edge(small) as http:
        for wave in range(10):
            asked = [asyncio.create_task(a_registration(http, wave * 30 + n)) for n in range(30)]
            await asyncio.sleep(0.01 * (wave + 1))
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        assert await idle_in_transaction(database_url, within=5) == 0
        assert small.tx.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        assert [(await http.get(READ)).status_code for _ in range(2 * POOL)] == [200] * 2 * POOL


async def a_registration(http: httpx.AsyncClient, n: int) -> httpx.Response:
    return await http.post("/v1/organisations", json=REGISTRATION, headers={"Idempotency-Key": f"hung-up-{n}"})


async def idle_in_transaction(url: str, *, within: float) -> int:
    watcher = await asyncpg.connect(url.replace("+asyncpg", ""))
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    try:
        left = await watcher.fetchval(query)
        for _ in range(int(within / 0.1)):
            if not left:
                break
            await asyncio.sleep(0.1)
            left = await watcher.fetchval(query)
        return int(left)
    finally:
        await watcher.close()


# --- a server of our own that goes away -----------------------------------------------------------------------------


@pytest.fixture
def own_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="techmarket-outage-"))
    folder.chmod(0o755)
    yield folder
    embedded.remove(folder)
    shutil.rmtree(folder)


@pytest.mark.slow
async def test_the_market_outlives_a_restart_of_its_database_and_the_killing_of_its_backends(own_folder: Path):
    """Meanwhile everybody hears 503 with Retry-After, nobody 500; afterwards everything works without a restart."""
    server = await asyncio.to_thread(embedded.start, own_folder)
    try:
        url = server.url()
        migrate(url)
        tx = Tx(make_engine(url, pool_size=POOL, pool_timeout_s=POOL_SECONDS, application="outage"))
        means = Means(tx, market_keys.for_tests(), Files.at(own_folder / "objects"))
        async with edge(means) as http:
            await asyncio.gather(*[http.get(READ) for _ in range(POOL)])
            await asyncio.to_thread(server.stop)
            gone = [await asyncio.wait_for(http.get(READ), timeout=10) for _ in range(2 * POOL)]
            assert [answer.text for answer in gone if not busy(answer)] == []
            assert (await http.get("/readyz")).status_code == 503
            assert (await http.get("/healthz")).status_code == 200

            server = await asyncio.to_thread(embedded.start, own_folder)
            back = await read_for(http, 20, until=200)
            assert back[-1].status_code == 200
            assert [answer.text for answer in back[:-1] if not busy(answer)] == []

            await kill_a_backend(url)
            heard = await read_for(http, 60, until=503)  # a crash of one backend makes the server restart them all
            heard += await read_for(http, 60, until=200)
            assert heard[-1].status_code == 200
            assert [answer.text for answer in heard if answer.status_code != 200 and not busy(answer)] == []
            settled = await read_until_settled(http)
            assert settled == [200] * 2 * POOL
        await tx.dispose()
    finally:
        await asyncio.to_thread(server.stop)


async def read_until_settled(http: httpx.AsyncClient) -> list[int]:
    """The first 200 may come of a connection that the server has not ended yet: a whole round of them counts."""
    for _ in range(100):
        round_ = [await http.get(READ) for _ in range(2 * POOL)]
        if all(answer.status_code == 200 for answer in round_):
            break
        assert [answer.text for answer in round_ if answer.status_code != 200 and not busy(answer)] == []
        await asyncio.sleep(0.1)
    return [answer.status_code for answer in round_]


async def kill_a_backend(url: str) -> None:
    """SIGKILL for one connection of the pool, whose process id the server itself tells."""
    watcher = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        pid = await watcher.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'techmarket-outage' LIMIT 1"
        )
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)
    finally:
        await watcher.close(timeout=2)
