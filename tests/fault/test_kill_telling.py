"""Inbox and mail while workers are really killed: the inbox has everything once, mail everything at least once.

Mail cannot be had exactly once: a worker that is killed between the server's yes and its own note of it sends again.
So it goes again under the same Message-ID, by which a person's program knows it.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import time
from collections import Counter

import pytest
from sqlalchemy import text

from techmarket.db import journal
from techmarket.identity.actor import Role
from techmarket.kernel.ids import new_id
from techmarket.listings.events import ListingAccepted
from techmarket.workbench import service
from techmarket.workbench.service.mailing import send_due
from techmarket.workbench.telling import Delivery
from tests.identity.make import a_market, a_member, an_organisation
from tests.workbench.smtp import a_post

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
EVENTS = 2_000 if IS_LONG else 80
KILLS = 12 if IS_LONG else 3
URL = "https://market.test"
WORKER = """
import asyncio, sys
from dataclasses import replace
from techmarket.db import keys as market_keys
from techmarket.db.session import Tx, make_engine
from techmarket.hub.service.telling import tell_on
from techmarket.workbench.mailing import Mailer, Security
from techmarket.workbench.service import mailing, telling

telling.BATCH = 7

async def main(url, pepper, port):
    tx = Tx(make_engine(url))
    keys = replace(market_keys.for_tests(), pepper=bytes.fromhex(pepper))
    mailer = Mailer("127.0.0.1", int(port), Security.PLAIN, "market@market.test", patience_seconds=5)
    while True:
        await tell_on(tx)
        done = await telling.tell_people(tx)
        done += await mailing.write_mails(tx, public_url="https://market.test")
        done += await mailing.send_due(tx, keys, mailer, public_url="https://market.test")
        if not done:
            await asyncio.sleep(0.02)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_the_inbox_has_everything_once_and_mail_at_least_once_whatever_is_killed(database_url, tx, keys):
    dice = random.Random(5)
    await a_market(tx, keys)
    unit = (await an_organisation(tx, keys=keys)).actor
    colleague = (await a_member(tx, unit, Role.LISTING_OFFICER, keys=keys)).actor
    trader = (await a_member(tx, unit, Role.TRADER, keys=keys)).actor  # who does it is not told
    await service.put_preferences(tx, unit, {"listings": Delivery.MAIL})
    with a_post() as post:
        assert post.mailer is not None
        await service.put_address(tx, keys, unit, address="officer@unit.test", language="en", has_mail=True)
        await send_due(tx, keys, post.mailer, public_url=URL)
        code = re.search(r"[0-9]{8}", post.got.pop().get_content())
        assert code is not None
        assert (await service.confirm_address(tx, keys, unit, code=code[0])).is_confirmed
        entries = set()
        for _ in range(EVENTS // 20):
            async with tx.begin() as db:
                refs = [new_id() for _ in range(20)]
                entries |= {
                    journal.record(db, ListingAccepted(one, 1, is_published=True), actor=trader) for one in refs
                }
        async with tx.begin() as db:
            while await journal.sequence(db):
                pass

        async def a_worker() -> asyncio.subprocess.Process:
            arguments = (sys.executable, "-c", WORKER, database_url, keys.pepper.hex(), str(post.mailer.port))
            return await asyncio.create_subprocess_exec(*arguments, env=dict(os.environ))

        async def told() -> int:
            async with tx.read() as db:
                return int((await db.execute(text("SELECT count(*) FROM notification"))).scalar_one())

        async def unsent() -> int:
            query = (
                "SELECT (SELECT count(*) FROM notification WHERE mail IS NOT NULL AND mail_id IS NULL)"
                " + (SELECT count(*) FROM mail WHERE state = 'PENDING')"
            )
            async with tx.read() as db:
                return int((await db.execute(text(query))).scalar_one())

        kills, started = 0, time.monotonic()
        worker = await a_worker()
        try:
            while kills < KILLS or await told() < 2 * EVENTS or await unsent():
                assert time.monotonic() - started < (900 if IS_LONG else 120), f"{await told()} told"
                assert worker.returncode is None, "the worker ended by itself"
                before = len(post.got), await told()
                for _ in range(200):
                    await asyncio.sleep(dice.uniform(0.002, 0.03))
                    if (len(post.got), await told()) != before:
                        break
                if kills < KILLS:
                    worker.kill()
                    await worker.wait()
                    kills += 1
                    worker = await a_worker()
                async with tx.begin() as db:  # leases run out, as minutes would do it
                    await db.execute(text("UPDATE mail SET next_at = clock_timestamp() WHERE state = 'PENDING'"))
        finally:
            worker.kill()
            await worker.wait()
        for reader in (unit, colleague):
            async with tx.read() as db:
                query = text("SELECT once FROM notification WHERE person_id = :person")
                once = (await db.execute(query, {"person": reader.person})).scalars().all()
            assert sorted(once) == sorted(f"entry:{one}" for one in entries)
        async with tx.read() as db:
            rows = await db.execute(text("SELECT id, state FROM mail WHERE org_id IS NOT NULL"))
            mails = {row.id.hex: row.state for row in rows}
        times = Counter(one["Message-ID"].partition("@")[0].lstrip("<") for one in post.got)
        assert set(times) == set(mails)
        assert set(mails.values()) == {"SENT"}
        assert len({one.as_bytes() for one in post.got}) == len(mails)
    print(
        f"{EVENTS} events for 2 people, {kills} workers killed: in each inbox every one once; {len(mails)} mails,"
        f" {sum(times.values())} came, {max(times.values())} times at most; {time.monotonic() - started:.1f} s"
    )


async def test_a_worker_killed_after_the_servers_yes_sends_again_under_the_same_id(database_url, tx, keys):
    unit = (await an_organisation(tx, keys=keys)).actor
    answered = asyncio.Event()
    loop = asyncio.get_running_loop()

    def taken(n: int) -> str | None:
        if n == 1:
            loop.call_soon_threadsafe(answered.set)
            time.sleep(1.0)  # the server has the mail; its yes never reaches anybody
        return None

    with a_post(data=taken) as post:
        assert post.mailer is not None
        await service.put_address(tx, keys, unit, address="officer@unit.test", language="en", has_mail=True)
        arguments = (sys.executable, "-c", WORKER, database_url, keys.pepper.hex(), str(post.mailer.port))
        worker = await asyncio.create_subprocess_exec(*arguments, env=dict(os.environ))
        await asyncio.wait_for(answered.wait(), 30)
        worker.kill()
        await worker.wait()
        assert await send_due(tx, keys, post.mailer, public_url=URL) == 0  # it is another's, until its lease is over
        async with tx.begin() as db:
            await db.execute(text("UPDATE mail SET next_at = clock_timestamp()"))
        assert await send_due(tx, keys, post.mailer, public_url=URL) == 1
        assert await send_due(tx, keys, post.mailer, public_url=URL) == 0
    assert len(post.got) == 2
    assert len({one.as_bytes() for one in post.got}) == 1
