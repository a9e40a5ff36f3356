"""An operation that is going says so in every answer, a refusal too."""

from __future__ import annotations

from datetime import date

import pytest
from fastapi import APIRouter, FastAPI
from httpx import ASGITransport, AsyncClient

from techmarket.api import refusals
from techmarket.api.deps import MarketRoute
from techmarket.api.retiring import retiring
from techmarket.kernel.refusals import NotFound

MARKS = retiring(since=date(2026, 12, 1), sunset=date(2027, 6, 1), instead="/v1/things")


async def test_every_answer_of_an_operation_that_is_going_carries_since_when_until_when_and_what_instead():
    router = APIRouter(route_class=MarketRoute)

    @router.get("/old/{n}", **MARKS)
    async def old(n: int) -> dict[str, int]:
        if n:
            raise NotFound()
        return {"n": n}

    @router.get("/new")
    async def new() -> dict[str, int]:
        return {}

    app = FastAPI()
    app.include_router(router)
    refusals.install(app)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://market.test") as http:
        for path, status in (("/old/0", 200), ("/old/1", 404)):
            answer = await http.get(path)
            assert answer.status_code == status
            assert answer.headers["Deprecation"] == "@1796083200"
            assert answer.headers["Sunset"] == "Tue, 01 Jun 2027 00:00:00 GMT"
            assert answer.headers["Link"] == '</v1/things>; rel="successor-version"'
        stays = await http.get("/new")
        assert {"deprecation", "sunset"} & set(stays.headers) == set()
    operation = app.openapi()["paths"]["/old/{n}"]["get"]
    assert (operation["deprecated"], operation["x-sunset"]) == (True, "2027-06-01")


def test_an_operation_goes_on_for_half_a_year_after_it_was_marked():
    with pytest.raises(ValueError, match="180 days"):
        retiring(since=date(2026, 12, 1), sunset=date(2027, 5, 29), instead="/v1/things")
