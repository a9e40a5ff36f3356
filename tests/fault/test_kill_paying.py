"""A process is really killed in the middle of paying rewards: each line is instructed once and paid once.

The payer runs as a process of its own and says what it has seen committed; it is killed at once after the instruction,
or between two confirmations. Whoever pays again finds what is done and does the rest.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.db.session import Tx
from techmarket.ledger import steps as ledger
from techmarket.revenue import errors, service
from techmarket.revenue.lifecycle import DistributionState, LineState
from tests.notices.make import move_to, shanghai
from tests.revenue.make_licence import Licence, a_licence, a_published_distribution, a_signed_table
from tests.settlement.make import sheet

PAYER = """
import asyncio, sys
from uuid import UUID
from techmarket.db.session import Tx, make_engine
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.revenue import service

async def main(url, person, org, distribution):
    tx = Tx(make_engine(url))
    actor = Actor(UUID(person), UUID(org), OrgKind.UNIVERSITY, True, frozenset({Role.FINANCE}))
    paid = await service.pay_distribution(tx, actor, UUID(distribution))
    print("instructed", flush=True)
    for line in paid.lines:
        await service.confirm_payroll(tx, actor, line.id)
        print("confirmed", flush=True)
    await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def licence(tx: Tx, keys) -> Licence:
    made = await a_licence(tx, keys)
    await a_signed_table(made)
    return made


async def killed_after(url: str, licence: Licence, distribution: UUID, *, heard: int) -> None:
    """Start the payer, hear it say so many times that something is committed, and kill it where it is then."""
    unit = licence.unit.actor
    told = [url, str(unit.person), str(unit.org), str(distribution)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PAYER, *told, stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    assert process.stdout is not None
    try:
        for _ in range(heard):
            line = await asyncio.wait_for(process.stdout.readline(), timeout=60)
            assert line.strip() in (b"instructed", b"confirmed"), line
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


@pytest.mark.parametrize("heard", [1, 3])
async def test_who_pays_again_after_a_kill_pays_nothing_twice(tx, licence, database_url, heard):
    published = await a_published_distribution(licence)
    await move_to(tx, shanghai(2026, 4, 8))
    await killed_after(database_url, licence, published.id, heard=heard)
    unit = licence.unit.actor
    with pytest.raises(errors.NothingPayable):
        await service.pay_distribution(tx, unit, published.id)
    left = await service.get_distribution(tx, unit, published.id)
    paid = sum(line.state is LineState.PAID for line in left.lines)
    # What it had said is committed; one more may have been, unheard.
    assert heard - 1 <= paid <= heard
    for line in left.lines:
        if line.state is LineState.INSTRUCTED:
            await service.confirm_payroll(tx, unit, line.id)
    assert (await service.get_distribution(tx, unit, published.id)).state is DistributionState.PAID
    assert await sheet(tx, ledger.book_of_unit(unit.org)) == {
        "EXPENSE": -published.reward.minor,
        "BANK": published.reward.minor,
    }
    async with tx.read() as db:
        count = await db.execute(text("SELECT count(*), count(DISTINCT why) FROM payout WHERE channel = 'PAYROLL'"))
        assert tuple(count.one()) == (5, 5)
