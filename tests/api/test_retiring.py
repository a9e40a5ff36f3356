"""An operation that is going says so in every answer, a refusal too."""

from __future__ import annotations

import json
from datetime import date

import pytest
from fastapi import APIRouter, FastAPI
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel, Field

from techmarket.api import docs, refusals
from techmarket.api.deps import MarketRoute
from techmarket.api.retiring import retiring, retiring_field
from techmarket.cli.openapi import document
from techmarket.kernel.refusals import NotFound

LISTED = '</deprecations>; rel="deprecation"; type="application/json"'
MARKS = retiring(since=date(2026, 12, 1), sunset=date(2027, 6, 1), instead="/v1/things")


class Inner(BaseModel):
    old: int | None = Field(None, **retiring_field(since=date(2026, 12, 1), sunset=date(2027, 6, 1), instead="new"))


class Thing(BaseModel):
    parts: list[Inner] = []


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
            assert answer.headers["Link"] == f'</v1/things>; rel="successor-version", {LISTED}'
        stays = await http.get("/new")
        assert {"deprecation", "sunset"} & set(stays.headers) == set()
    operation = app.openapi()["paths"]["/old/{n}"]["get"]
    assert (operation["deprecated"], operation["x-sunset"]) == (True, "2027-06-01")


async def test_an_operation_with_a_field_that_is_going_says_so_and_the_list_names_both():
    router = APIRouter(route_class=MarketRoute)

    @router.put("/takes")
    async def takes(body: Thing) -> dict[str, int]:
        return {}

    @router.get("/shows", response_model=Thing)
    async def shows() -> object:
        return Thing()

    @router.get("/neither")
    async def neither() -> dict[str, int]:
        return {}

    app = FastAPI()
    app.router.routes.extend(docs.routes([router]))
    app.include_router(router)
    refusals.install(app)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://market.test") as http:
        for answer in (await http.get("/shows"), await http.put("/takes", json={}), await http.put("/takes", json=[])):
            said = [answer.headers[name] for name in ("Deprecation", "Sunset", "Link")]
            assert said == ["@1796083200", "Tue, 01 Jun 2027 00:00:00 GMT", LISTED]
        assert "deprecation" not in (await http.get("/neither")).headers
        listed = (await http.get("/deprecations")).json()["items"]
    days = {"since": "2026-12-01", "sunset": "2027-06-01", "instead": "new"}
    assert listed == [
        {"operation": "PUT /takes", "field": "Inner.old", **days},
        {"operation": "GET /shows", "field": "Inner.old", **days},
    ]
    field = app.openapi()["components"]["schemas"]["Inner"]["properties"]["old"]
    assert (field["deprecated"], field["x-sunset"]) == (True, "2027-06-01")


async def test_nothing_of_the_market_is_going_without_being_listed(client):
    going = {
        operation["operationId"]
        for item in document()["paths"].values()
        for operation in item.values()
        if "deprecated" in json.dumps(operation)
    }
    assert (await client.get("/deprecations")).json() == {"items": []}
    assert going == set()


def test_an_operation_goes_on_for_half_a_year_after_it_was_marked():
    with pytest.raises(ValueError, match="180 days"):
        retiring(since=date(2026, 12, 1), sunset=date(2027, 5, 29), instead="/v1/things")
