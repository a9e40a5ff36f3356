"""Fills the disk of a market amid the bidding and makes room again; says what the bidders heard and what was lost.

`python -m tests.fault.full_disk FOLDER` with FOLDER on a file system of its own that may be filled; the test mounts one
that nobody else sees.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import httpx

from techmarket.db import embedded
from tests.fault.fleet import PATIENCE_SECONDS, Bidder, Fleet, Heard, a_crowd, grow
from tests.fault.test_kill_bidding import Served, free_port
from tests.fault.test_many_processes import judge, the_record

BIDDERS = 8
FULL_SECONDS = 8.0
CHUNK = 1024 * 1024


def fill(place: Path) -> None:
    """Nothing is left for anybody."""
    with (place / "ballast").open("wb", buffering=0) as file:
        size = CHUNK
        while size >= 1:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2


async def main(place: Path) -> None:
    outside = place.parent / "outside"
    outside.mkdir(mode=0o755, exist_ok=True)
    database = await asyncio.to_thread(embedded.start, place)
    api = Served(place, database, free_port())
    fleet = Fleet(place, [api], random.Random(20261130))
    try:
        crowd = await a_crowd(fleet, BIDDERS)
        await fleet.start()
        heard = Heard(outside / "heard.jsonl")
        stop = asyncio.Event()
        async with httpx.AsyncClient(timeout=15, trust_env=False) as http:
            bidding = [
                asyncio.create_task(Bidder(n, one.key, fleet, crowd, heard).bid(http, stop))
                for n, one in crowd.bidders.items()
            ]
            await grow(heard, 50)
            before = heard.statuses[503]
            await asyncio.to_thread(fill, place)
            await asyncio.sleep(FULL_SECONDS)
            turned_away = heard.statuses[503] - before
            (place / "ballast").unlink()
            began = time.monotonic()
            again = await asyncio.to_thread(embedded.start, place)  # where PostgreSQL had to end, somebody starts it
            fleet.apis[0].database.stop()
            fleet.apis[0].database = again
            await grow(heard, 50)
            back_s = round(time.monotonic() - began, 1)
            stop.set()
            done = await asyncio.wait_for(asyncio.gather(*bidding, return_exceptions=True), PATIENCE_SECONDS)
            told = judge(await the_record(http, fleet, crowd), heard, crowd)
        said = {"odd": heard.odd[:5], "unfinished": [repr(one) for one in done if one is not None], "back_s": back_s}
        print(json.dumps({"turned_away": turned_away, "acknowledged": heard.acknowledged, **said, **told}), flush=True)
    finally:
        api.end(signal.SIGKILL)
        fleet.database.stop()
        embedded.remove(place)


if __name__ == "__main__":
    os.umask(0o022)
    asyncio.run(main(Path(sys.argv[1])))
