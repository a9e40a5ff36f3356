"""The market clock over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from techmarket.db import clock
from tests.identity.make import a_market, an_organisation


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
