"""Webhooks in bad weather: a receiver that fails in every way, workers really killed amid their calls, nothing lost.

The worker runs as a process of its own and is killed with SIGKILL, between intent and receipt as it falls. The
schedule is simulated: what waits is made due, as hours would do it.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook as Reference

from techmarket.db import journal
from techmarket.hub import service
from techmarket.hub.webhooks import WebhookState
from techmarket.kernel.ids import new_id
from techmarket.listings.events import ListingRenewed
from tests.hub.receiver import Message, receiving
from tests.identity.make import an_organisation

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
EVENTS = 1_000 if IS_LONG else 60
WEATHER = {"200": 60, "500": 14, "cut": 8, "hang": 4, "410": 2, "200 Twice: x twice": 12}
WORKER = """
import asyncio, sys
from dataclasses import replace
from techmarket.db import keys as market_keys
from techmarket.db.session import Tx, make_engine
from techmarket.db.calling import Caller
from techmarket.hub.service import sending
from techmarket.hub.service.telling import tell_on

async def main(url, pepper):
    tx = Tx(make_engine(url))
    keys = replace(market_keys.for_tests(), pepper=bytes.fromhex(pepper))
    caller = Caller(may_reach_inside=True, patience_seconds=0.5)
    while True:
        await tell_on(tx)
        await sending.write_messages(tx)
        if not await sending.send_due(tx, keys, caller):
            await asyncio.sleep(0.05)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_every_event_arrives_signed_and_under_one_id_whatever_receiver_and_workers_do(
    database_url, tx, keys, tmp_path: Path
):
    dice = random.Random(11)
    unit = (await an_organisation(tx, keys=keys)).actor
    kinds, weights = list(WEATHER), list(WEATHER.values())
    taken: set[str] = set()

    def behave(message: Message) -> str:
        how = dice.choices(kinds, weights)[0]
        if how.startswith("200"):
            taken.add(message.headers["webhook-id"])
        return how

    kills = enabled = 0
    async with receiving(behave) as receiver:
        hook = await service.add_webhook(
            tx, keys, unit, url=receiver.url, types=["listings.renewed"], may_reach_inside=True
        )
        entries = set()
        for _ in range(EVENTS // 20):
            async with tx.begin() as db:
                entries |= {journal.record(db, ListingRenewed(new_id()), actor=unit) for _ in range(20)}
        async with tx.begin() as db:
            while await journal.sequence(db):
                pass

        async def a_worker() -> asyncio.subprocess.Process:
            arguments = (sys.executable, "-c", WORKER, database_url, keys.pepper.hex())
            return await asyncio.create_subprocess_exec(*arguments, env=dict(os.environ))

        wanted = {f"msg_{entry.hex}" for entry in entries}
        started = time.monotonic()
        worker = await a_worker()
        try:
            while taken != wanted or kills < 3:
                assert time.monotonic() - started < (900 if IS_LONG else 180), f"{len(taken)} of {len(wanted)} arrived"
                assert worker.returncode is None, "the worker ended by itself"
                before = len(receiver.got)
                for _ in range(40):
                    await asyncio.sleep(dice.uniform(0.02, 0.08))
                    if len(receiver.got) > before + 10 or taken == wanted:
                        break
                if kills < 3 or dice.random() < 0.05:
                    worker.kill()
                    await worker.wait()
                    kills += 1
                    worker = await a_worker()
                async with tx.begin() as db:
                    await db.execute(
                        text("UPDATE webhook_delivery SET next_at = clock_timestamp() WHERE state = 'PENDING'")
                    )
                if (await service.get_webhook(tx, unit, hook.id)).state is WebhookState.DISABLED:
                    await service.enable_webhook(tx, unit, hook.id)
                    enabled += 1
        finally:
            worker.kill()
            await worker.wait()
    reference = Reference(hook.secret or "")
    bodies: dict[str, set[bytes]] = {}
    for message in receiver.got:
        told = reference.verify(message.body, message.headers)  # raises where a signature is wrong or missing
        assert told["data"]["id"].replace("-", "") == message.headers["webhook-id"].removeprefix("msg_")
        assert told["data"]["cursor"]
        bodies.setdefault(message.headers["webhook-id"], set()).add(message.body)
    assert set(bodies) == wanted
    assert all(len(one) == 1 for one in bodies.values())
    times = Counter(message.headers["webhook-id"] for message in receiver.got)
    print(
        f"{EVENTS} events, {len(receiver.got)} messages ({max(times.values())} at most of one), {kills} workers killed,"
        f" enabled again {enabled} times, {time.monotonic() - started:.1f} s; lost 0, wrongly signed 0"
    )
    assert kills >= 3
    assert len(receiver.got) > EVENTS
