"""Two markets in bad weather: servers and workers really killed, lines cut, and in the end both show the same.

One market publishes, changes and withdraws through its own process; the other follows by a worker of its own. Both are
killed with SIGKILL at random moments, and the line between them is cut at random bytes.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.hub import errors, service
from techmarket.hub.lifecycle import SourceState
from techmarket.identity.actor import ANONYMOUS
from tests.fault.test_kill_bidding import free_port
from tests.hub.markets import Instance, a_cable, an_instance, published, shown
from tests.identity.make import an_organisation
from tests.pg import TestServer

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
LISTINGS = 400 if IS_LONG else 20
ROUNDS = 40 if IS_LONG else 2
ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120


class Process:
    """One process of a market; only what was started here is ever killed."""

    def __init__(self, what: str, *arguments: str) -> None:
        program = f"import asyncio, sys; from tests.hub import markets; asyncio.run(markets.{what}(*sys.argv[1:]))"
        self._command = (sys.executable, "-c", program, *arguments)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        env = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        self._process = await asyncio.create_subprocess_exec(*self._command, env=env, cwd=ROOT)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._process is not None:
            await self._process.wait()


async def work(there: Instance, live: list[UUID], dice: random.Random, n: int) -> None:
    """A stretch of an ordinary day: mostly new listings, some changed, some withdrawn."""
    for _ in range(n):
        what = dice.random()
        if what < 0.6 or len(live) < 3:
            raised = {"budget": "REGISTERED"} if dice.random() < 0.3 else {}
            live.append(await there.publish(raised=raised, description_en="Sample description"))
        elif what < 0.85:
            await there.change(dice.choice(live), title_en=f"Sample demand, changed {dice.random()}")
        else:
            await there.withdraw(live.pop(dice.randrange(len(live))))


@pytest.mark.slow
async def test_what_one_market_publishes_the_other_shows_whichever_processes_are_killed_and_lines_are_cut(
    pg_server: TestServer, template: str, tmp_path: Path
) -> None:
    dice, started = random.Random(5), time.monotonic()
    port = free_port()
    with pg_server.cloned(template) as first, pg_server.cloned(template) as second:
        there, here = await an_instance(first, tmp_path / "a"), await an_instance(second, tmp_path / "b")
        server = Process("serve_for_ever", first, str(tmp_path / "a"), str(port))
        follower = Process("follow_for_ever", second, str(tmp_path / "b"))
        registered = (await an_organisation(here.tx)).actor
        reader = await an_organisation(there.tx, keys=there.means.keys)
        kills = cuts = 0
        live: list[UUID] = []
        try:
            await asyncio.gather(server.start(), follower.start())
            async with a_cable(port) as cable:
                await _added(here, cable.url, reader.key)
                for n in range(ROUNDS):
                    await work(there, live, dice, LISTINGS // ROUNDS)
                    match n % 3:
                        case 0:
                            await follower.kill()
                            await follower.start()
                            kills += 1
                        case 1:
                            await server.kill()
                            await server.start()
                            kills += 1
                        case _:
                            cable.cut()
                            cuts += 1
                    await asyncio.sleep(dice.uniform(0, 0.5))
                    cable.mend()
                    cable.bytes_max = dice.choice([None, None, dice.randrange(500, 50_000)])
                cable.mend()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while await shown(here, registered) != await published(there, reader.actor):  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
            assert await shown(here, ANONYMOUS) == await published(there, ANONYMOUS)
            (source,) = await service.list_sources(here.tx, here.operator)
            assert (source.state, source.refused, source.shown) == (SourceState.ACTIVE, 0, len(live))
            async with here.tx.read() as db:
                rows = (await db.execute(text("SELECT count(*), count(DISTINCT theirs) FROM syndicated_listing"))).one()
            assert rows[0] == rows[1]
        finally:
            await asyncio.gather(server.kill(), follower.kill())
            await asyncio.gather(there.tx.dispose(), here.tx.dispose())
    seconds = time.monotonic() - started
    print(f"syndication: {len(live)} shown of {rows[0]}, {kills} kills, {cuts} cuts, 0 lost, 0 twice, {seconds:.0f} s")


async def _added(here: Instance, url: str, key: str) -> None:
    """As soon as the other market answers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            await service.add_source(
                here.tx,
                here.means.keys,
                here.caller,
                here.operator,
                name="Sample market",
                url=url,
                key=key,
                node=None,
            )
            return
        except errors.SourceNotReached:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
