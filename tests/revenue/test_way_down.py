"""The way back from sharing income of every kind, in a market that has shared some."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from alembic import command
from sqlalchemy import text

from techmarket.revenue import service
from techmarket.revenue.case import Mode
from tests.notices.make import shanghai
from tests.pg import alembic_config, migrate
from tests.revenue.make_licence import a_licence, a_signed_table, receive_entry_fee
from tests.revenue.test_incomes import STAKE, a_profit, a_signed_table_of_the_achievement, enter, publish_and_pay

BEFORE = "0081_attest_contracts"
COUNTS = (
    "SELECT (SELECT count(*) FROM distribution), (SELECT count(*) FROM income), (SELECT count(*) FROM cost), "
    "(SELECT count(*) FROM reward_claim), (SELECT sum(settled_minor) FROM reward_claim), "
    "(SELECT count(*) FROM reward_claim_entry WHERE evidence_sha256 IS NOT NULL)"
)


async def test_splits_of_the_new_kinds_go_with_all_that_hangs_on_them_and_the_others_stay(tx, keys, database_url):
    licence = await a_licence(tx, keys, co_owned=Decimal("0.4"))
    unit = licence.unit.actor
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    # A split of a licence stays, with A's claim. The profit that it is set off against goes, and a later one with the
    # claim on B that its taking back made.
    first = await publish_and_pay(
        licence, await service.draft_distribution(tx, unit, licence.id), day=shanghai(2026, 4, 8)
    )
    await service.confirm_payroll(tx, unit, first.lines[0].id)
    await service.reverse_distribution(tx, unit, first.id, claw_back=True)
    await a_signed_table_of_the_achievement(licence)
    await enter(licence, a_profit(2026, 5_000_000_00), contract=False)
    own = {"achievement_id": licence.achievement_id, "mode": Mode.SELF_IMPLEMENTATION}
    profit = await publish_and_pay(licence, await service.draft_distribution(tx, unit, **own), day=shanghai(2026, 5, 6))
    settled = profit.lines[0].offset.minor
    await enter(licence, a_profit(2027, 5_000_000_00), contract=False)
    later = await publish_and_pay(licence, await service.draft_distribution(tx, unit, **own), day=shanghai(2026, 6, 3))
    await service.confirm_payroll(tx, unit, later.lines[1].id)
    await service.reverse_distribution(tx, unit, later.id, claw_back=True)
    await enter(licence, STAKE)
    shares = await service.draft_distribution(tx, unit, licence.id, in_shares=True)
    assert (settled > 0, len(shares.lines)) == (True, 5)
    async with tx.read() as db:
        assert tuple((await db.execute(text(COUNTS))).one()) == (4, 5, 2, 2, settled, 0)
    await tx.dispose()
    await asyncio.to_thread(command.downgrade, alembic_config(database_url), BEFORE)
    async with tx.read() as db:
        assert tuple((await db.execute(text(COUNTS))).one()) == (1, 1, 1, 1, settled, 1)
    await tx.dispose()
    migrate(database_url)
