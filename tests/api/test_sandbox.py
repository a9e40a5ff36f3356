"""The market clock over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from techmarket.db import clock
from techmarket.kernel.periods import SHANGHAI
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand


async def test_only_a_sandboxes_operator_moves_the_clock_and_only_ahead(api, tx, keys):
    market, org = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    operator = market["operator"].key
    ahead = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    live = await api.post("/v1/clock", key=operator, json={"now": ahead})
    assert (live.status_code, live.json()["code"]) == (409, "clock.not_a_sandbox")
    async with tx.begin() as db:
        await clock.open_sandbox(db, None)
    stranger = await api.post("/v1/clock", key=org.key, json={"now": ahead})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not_allowed")
    moved = await api.post("/v1/clock", key=operator, json={"now": ahead})
    assert moved.status_code == 200
    assert (await api.get("/v1/clock")).json()["now"] >= moved.json()["now"]
    back = await api.post("/v1/clock", key=operator, json={"now": "2020-01-01T00:00:00Z"})
    assert (back.status_code, back.json()["code"]) == (409, "clock.only_forward")
    assert back.json()["pointer"] == "/body/now"


async def test_a_sandbox_jumps_to_what_is_due_next_and_says_what_that_is(api, tx, keys):
    market, org = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    operator = market["operator"]
    live = [
        await api.post("/v1/clock/next", key=operator.key),
        await api.put("/v1/clock/rate", key=operator.key, json={"rate": 2}),
    ]
    assert [(one.status_code, one.json()["code"]) for one in live] == [(409, "clock.not_a_sandbox")] * 2
    async with tx.begin() as db:
        await clock.open_sandbox(db, None)
    nothing = await api.post("/v1/clock/next", key=operator.key)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "clock.nothing_due")
    today = datetime.now(SHANGHAI).date()
    for days in (9, 5):
        await a_demand(tx, org.actor, operator.actor, expires_on=today + timedelta(days=days))
    jumped = await api.post("/v1/clock/next", key=operator.key)
    assert (jumped.json()["due"], jumped.json()["rate"]) == ("listings.listing_expires", 1)
    midnight = datetime.combine(today + timedelta(days=6), time(), SHANGHAI)
    assert timedelta(0) <= datetime.fromisoformat(jumped.json()["now"]) - midnight < timedelta(seconds=20)
    again = await api.post("/v1/clock/next", key=operator.key)
    assert datetime.fromisoformat(again.json()["now"]) - midnight >= timedelta(days=4)
    fast = await api.put("/v1/clock/rate", key=operator.key, json={"rate": 1440})
    assert (fast.json()["rate"], (await api.get("/v1/clock")).json()["rate"]) == (1440, 1440)
    assert (await api.put("/v1/clock/rate", key=org.key, json={"rate": 1})).status_code == 403
    assert (await api.put("/v1/clock/rate", key=operator.key, json={"rate": 0})).status_code == 422
