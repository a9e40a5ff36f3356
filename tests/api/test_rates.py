"""Rate limits: one allowance a minute for each key whichever process is asked, told in every answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from techmarket.api import oauth, rates
from techmarket.api.errors import TooManyRequests
from techmarket.app import create_app
from techmarket.db.session import count_statements
from tests.identity.make import an_organisation

NOON = 1_800_000_000.0


@pytest.fixture(autouse=True)
def _a_minute_stands_still(monkeypatch):
    monkeypatch.setattr(rates.time, "time", lambda: NOON + 20)


async def spend(limits: rates.Rates, whose: str = "k") -> rates.Standing | None:
    scope: dict[str, Any] = {}
    try:
        await limits.spend(rates.READ, whose, scope)
    except TooManyRequests:
        return None
    return scope[rates.STANDING_KEY]


async def test_two_processes_together_let_exactly_the_allowance_through_and_pay_few_statements(tx):
    one, two = rates.Rates(tx, {rates.READ: 100}), rates.Rates(tx, {rates.READ: 100})
    sent = count_statements(tx.engine)
    told = await asyncio.gather(*[spend(limits) for limits in (one, two) for _ in range(80)])
    assert sum(standing is not None for standing in told) == 100
    assert len([statement for statement in sent if "rate_allowance" in statement]) <= 24
    assert await spend(one, "another key") is not None


async def test_what_is_left_falls_by_one_and_is_whole_again_in_the_next_minute(tx, monkeypatch):
    limits = rates.Rates(tx, {rates.READ: 40})
    left = [(await spend(limits)).left for _ in range(40)]
    assert left == list(range(39, -1, -1))
    assert await spend(limits) is None
    monkeypatch.setattr(rates.time, "time", lambda: NOON + 60)
    assert (await spend(limits)).left == 39


async def test_a_limit_that_cannot_be_looked_up_stops_nobody(tx):
    limits = rates.Rates(tx, {rates.READ: 40})
    async with tx.begin() as db:
        await db.execute(text("DROP TABLE rate_allowance"))
    assert await spend(limits) is not None


async def test_every_answer_says_where_its_sender_stands_and_a_no_when_to_come_again(tx, keys, means):
    org = await an_organisation(tx, keys=keys)
    app = create_app(means, quotas={rates.READ: 2, rates.WRITE: 0, rates.OPEN: 1})
    signed = {"Authorization": f"Bearer {org.key}"}
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://market.test") as http,
    ):
        answers = [await http.get("/v1/me", headers=signed) for _ in range(3)]
        assert [(a.status_code, a.headers["ratelimit"], a.headers.get("retry-after")) for a in answers] == [
            (200, '"read";r=1;t=40', None),
            (200, '"read";r=0;t=40', None),
            (429, '"read";r=0;t=40', "40"),
        ]
        assert answers[0].headers["ratelimit-policy"] == '"read";q=2;w=60'
        assert answers[2].json()["code"] == "request.too_many"
        assert [(await http.get("/v1/rules")).status_code for _ in range(2)] == [200, 429]
        for answer in (
            await http.get("/v1/me", headers={"Authorization": "Bearer tmk_wrong"}),
            await http.post("/v1/sessions", json={"name": "x", "password": "y"}),
            await http.post("/oauth/token", content="a=b", headers={"Content-Type": oauth.FORM}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (429, "request.too_many")
        free = await http.post("/v1/sessions/x/end", headers={**signed, "Idempotency-Key": "k"})
        assert "ratelimit" not in free.headers
