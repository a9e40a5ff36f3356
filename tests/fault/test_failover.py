"""The primary is killed amid the bidding and its synchronous standby takes over: nothing acknowledged is lost.

The watcher of `techmarket failover` promotes, the API finds the new primary by its address of two hosts, and the former
primary, when it comes back, is shut out. `TECHMARKET_LONG=1` does it with more bidders and two API processes, and says
how long nobody could bid.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg
import httpx
import psutil
import pytest
from sqlalchemy import text

from techmarket.db import embedded
from techmarket.db.embedded import RunningServer
from techmarket.db.failover import Watcher
from techmarket.db.idempotency import Answer, KeyedTx, Replay
from techmarket.db.session import Tx, make_engine
from techmarket.db.standby import public_read
from tests.fault.fleet import PATIENCE_SECONDS, Bidder, Fleet, Heard, a_crowd, grow
from tests.fault.test_kill_bidding import Served, free_port
from tests.fault.test_many_processes import judge, say, the_record

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
BIDDERS = 64 if IS_LONG else 8
BIDS_BETWEEN = 400 if IS_LONG else 25
PROCESSES = 2 if IS_LONG else 1
PATIENCE = 3.0 if IS_LONG else 1.0


@dataclass
class Pair:
    """A primary that waits for its standby, each in a folder of its own. Only what was started here is ever ended."""

    folder: Path
    primary: RunningServer
    standby: RunningServer

    @property
    def url(self) -> str:
        """The address with both hosts, as the market gets there."""
        return self._at("techmarket_app", self.primary.app_password)

    @property
    def owner_url(self) -> str:
        return self._at("techmarket", self.primary.password)

    def _at(self, role: str, password: str) -> str:
        places = "&".join(f"host=127.0.0.1:{one.port}" for one in (self.primary, self.standby))
        who = f"{role}:{quote(password, safe='')}"
        return f"postgresql+asyncpg://{who}@/techmarket?{places}&target_session_attrs=read-write"


def family(server: RunningServer) -> list[psutil.Process]:
    postmaster = psutil.Process(server.postmaster_pid())
    return [postmaster, *postmaster.children(recursive=True)]


@pytest.fixture
def pair() -> Iterator[Pair]:
    # Not tmp_path: its parents are closed to the user who runs the server for root.
    folder = Path(tempfile.mkdtemp(prefix="techmarket-fault-"))
    folder.chmod(0o755)
    primary = embedded.start(folder / "primary")
    standby = embedded.follow(primary, folder / "standby")
    both = Pair(folder, primary, standby)
    try:
        yield both
    finally:
        for server in (both.standby, both.primary):
            server.stop()
        for name in ("primary", "standby"):
            embedded.remove(folder / name)
        shutil.rmtree(folder)


class Killed(Exception):
    pass


class KilledAmid(Watcher):
    """A watcher that is ended when it has promoted and has done nothing more yet."""

    async def _settle(self, *, is_fresh: bool = False) -> bool:
        raise Killed


async def tell(server: RunningServer, *statements: str) -> object:
    connection = await asyncpg.connect(server.url().replace("+asyncpg", ""))
    try:
        return [await connection.fetchval(statement) for statement in statements][-1]
    finally:
        await connection.close()


async def wait_for_standby(pair: Pair) -> None:
    await tell(pair.primary, "ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()")
    for _ in range(200):
        if await tell(pair.primary, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the standby is not waited for")


def settings_for(pair: Pair, keys: Path) -> dict[str, str]:
    named = {"log_key": "log.pem", "issuer_key": "issuer.pem", "receipts_key": "receipts.pem", "pepper": "pepper"}
    named |= {"bank_secret": "bank_secret", "paper_key": "paper.pem", "paper_certificate": "paper.crt"}
    return {
        "TECHMARKET_DATABASE_URL": pair.url,
        "TECHMARKET_OWNER_URL": pair.owner_url,
        "TECHMARKET_READ_URL": pair.standby.app_url(),
        "TECHMARKET_SANDBOX": "true",
        **{f"TECHMARKET_{name.upper()}": (keys / file).read_text() for name, file in named.items()},
    }


@asynccontextmanager
async def fleet_over(pair: Pair) -> AsyncIterator[Fleet]:
    apis = [Served(pair.folder, pair.primary, free_port()) for _ in range(PROCESSES)]
    fleet = Fleet(pair.folder, apis, random.Random(20261130))
    try:
        yield fleet
    finally:
        for api in apis:
            try:
                api.end(signal.SIGKILL)
            except subprocess.TimeoutExpired:
                continue


@pytest.mark.slow
async def test_no_acknowledged_bid_is_lost_when_the_primary_dies_and_its_standby_takes_over(pair: Pair) -> None:
    async with fleet_over(pair) as fleet:
        crowd = await a_crowd(fleet, BIDDERS)
        await wait_for_standby(pair)
        await check_that_commits_wait(pair)
        await check_reads(pair)
        for api in fleet.apis:
            api.more = settings_for(pair, pair.folder / "keys")
        await fleet.start()
        heard = Heard(pair.folder / "heard.jsonl")
        # A base of the primary brings the primary's setting along: the new one would wait for itself.
        await tell(pair.standby, "ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()")
        first = KilledAmid(pair.primary.url(), pair.standby.url(), patience=PATIENCE)
        watcher = Watcher(pair.primary.url(), pair.standby.url(), patience=PATIENCE)
        stop_bids, stop_watch = asyncio.Event(), asyncio.Event()
        watching = asyncio.create_task(first.run(stop_watch, every=0.2))
        limits = httpx.Limits(max_connections=3 * BIDDERS, max_keepalive_connections=3 * BIDDERS)
        async with httpx.AsyncClient(timeout=15, limits=limits, trust_env=False) as http:
            bidding = [
                asyncio.create_task(Bidder(n, one.key, fleet, crowd, heard).bid(http, stop_bids))
                for n, one in crowd.bidders.items()
            ]
            try:
                await grow(heard, BIDS_BETWEEN)
                gone_at = time.monotonic()
                for process in family(pair.primary):
                    process.kill()
                with pytest.raises(Killed):
                    await asyncio.wait_for(watching, PATIENCE_SECONDS)
                watching = asyncio.create_task(watcher.run(stop_watch, every=0.2))
                await until_promoted(watcher)
                await grow(heard, 1)
                back_after = time.monotonic() - gone_at
                await the_former_primary_returns(pair, watcher)
                await grow(heard, BIDS_BETWEEN)
            finally:
                stop_bids.set()
                done = await asyncio.gather(*bidding, return_exceptions=True)
                stop_watch.set()
                await watching
            assert done == [None] * BIDDERS
            assert heard.odd == []
            assert heard.broken + heard.statuses[503] > 0, "nobody noticed: the kill did not hit the bidding"
            told = judge(await the_record(http, fleet, crowd), heard, crowd)
        assert await tell(pair.standby, "SELECT pg_is_in_recovery()") is False
        if IS_LONG:
            say(bidders=BIDDERS, acknowledged=heard.acknowledged, back_after_s=round(back_after, 1), **told)
    assert told == {"acknowledged_lost": 0, "sequence_gaps": 0, "rule_violations": 0, "winners_per_lot": [1, 1]}


async def check_that_commits_wait(pair: Pair) -> None:
    """While the standby stands still nothing is acknowledged: no first answer, and none said again to who gave up."""
    await tell(pair.primary, "CREATE TABLE drill (n int)")
    hasty = Tx(make_engine(pair.primary.url(), pool_size=2, application="test", patience_s=0.4))
    stopped = family(pair.standby)
    for process in stopped:
        process.suspend()
    try:
        writing = asyncio.create_task(tell(pair.primary, "INSERT INTO drill VALUES (1)"))
        for _ in range(3):  # the first is broken off while it waits: it stands at the primary, and nowhere else
            with pytest.raises(TimeoutError):
                await keyed(hasty)
        assert not writing.done(), "a commit was acknowledged that the standby does not have"
    finally:
        for process in stopped:
            process.resume()
    await asyncio.wait_for(writing, PATIENCE_SECONDS)
    with pytest.raises(Replay) as again:
        await keyed(Tx(hasty.engine))
    assert (again.value.answer.status, again.value.answer.body) == (201, b"{}")
    await hasty.dispose()
    assert await tell(pair.primary, "SELECT count(*) FROM drill") == 2, "one keyed write and the other one"


async def keyed(tx: Tx) -> None:
    once = KeyedTx(tx, principal="drill", key="drill-0001", fingerprint=bytes(32), peppers=[bytes(32)])
    try:
        async with once.begin() as db:
            await db.execute(text("INSERT INTO drill VALUES (9)"))
        await once.settle(Answer(201, {}, b"{}"))
    finally:
        await once.abandon()


async def check_reads(pair: Pair) -> None:
    """What anybody may read comes from the standby while it is close; when it falls behind, from the primary."""
    near, far = (make_engine(one.url(), pool_size=2, application="test") for one in (pair.primary, pair.standby))
    tx = Tx(near, far, behind_max=1.0)
    where = text("SELECT pg_is_in_recovery()")
    try:
        async with tx.watching_standby():
            assert tx.standby is not None
            await until(tx.standby.is_close)
            with public_read():
                async with tx.read() as db:
                    assert (await db.execute(where)).scalar_one() is True
            async with tx.read() as db:
                assert (await db.execute(where)).scalar_one() is False
            await tell(pair.standby, "SELECT pg_wal_replay_pause()")
            await tell(pair.primary, "INSERT INTO drill VALUES (2)")
            await until(lambda: not tx.standby.is_close())  # type: ignore[union-attr]
            with public_read():
                async with tx.read() as db:
                    assert (await db.execute(text("SELECT count(*) FROM drill"))).scalar_one() == 3
            await tell(pair.standby, "SELECT pg_wal_replay_resume()")
            await until(tx.standby.is_close)
    finally:
        await tx.dispose()


async def until(is_so: object) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, is_so
        await asyncio.sleep(0.05)


async def until_promoted(watcher: Watcher) -> None:
    await until(lambda: watcher.promoted_at is not None)


async def the_former_primary_returns(pair: Pair, watcher: Watcher) -> None:
    """It takes no more writes, and whoever asks for a server to write to is given the new one."""
    # As it is, without looking after its databases: it may be shut out before that is done.
    again = await asyncio.to_thread(embedded.follow, pair.standby, pair.folder / "primary")
    pair.primary.stop()
    pair.primary = again
    await until(lambda: watcher.is_fenced)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await tell(again, "CREATE TABLE forked (n int)")
    engine = make_engine(pair.url, pool_size=1, application="test")
    try:
        async with engine.connect() as connection:
            port = (await connection.execute(text("SELECT inet_server_port()"))).scalar_one()
        assert port == pair.standby.port
    finally:
        await engine.dispose()
