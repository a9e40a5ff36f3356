"""Webhook messages that are done are forgotten after their time; what waits is kept, and nothing is written again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from techmarket.hub import service
from techmarket.hub.service import sending
from tests.hub.make import tell_all
from tests.identity.make import an_organisation
from tests.listings.make import a_demand


async def test_old_messages_that_are_done_go_with_their_attempts_and_old_ones_that_wait_stay(tx, keys):
    unit = (await an_organisation(tx, keys=keys)).actor
    hook = await service.add_webhook(tx, keys, unit, url="https://hooks.example.com/a", types=["listings.drafted"])
    for _ in range(3):
        await a_demand(tx, unit)
    await tell_all(tx)
    while await sending.write_messages(tx):
        pass
    done, waiting, young = (await service.list_deliveries(tx, unit, hook.id, cursor=None, limit=10)).items
    old = "created_at = created_at - interval '91 days'"
    async with tx.begin() as db:
        for sql in (
            f"UPDATE webhook_delivery SET {old}, state = 'DELIVERED' WHERE id = :done",
            f"UPDATE webhook_delivery SET {old} WHERE id = :waiting",
            "UPDATE webhook_delivery SET state = 'GIVEN_UP' WHERE id = :young",
            "INSERT INTO webhook_attempt (id, delivery_id, at) VALUES (gen_random_uuid(), :done, now())",
        ):
            await db.execute(text(sql), {"done": done.id, "waiting": waiting.id, "young": young.id})
    assert await sending.prune_deliveries(tx, timedelta(days=92)) == 0
    assert await sending.prune_deliveries(tx, timedelta(days=90)) == 1
    assert await sending.prune_deliveries(tx, timedelta(days=90)) == 0
    left = (await service.list_deliveries(tx, unit, hook.id, cursor=None, limit=10)).items
    assert {one.id for one in left} == {waiting.id, young.id}
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM webhook_attempt"))).scalar_one() == 0
    assert await sending.write_messages(tx) == 0
    left = (await service.list_deliveries(tx, unit, hook.id, cursor=None, limit=10)).items
    assert {one.id for one in left} == {waiting.id, young.id}
