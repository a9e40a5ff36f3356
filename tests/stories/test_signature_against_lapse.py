"""The last signature against the lapse: both lock the same award, so exactly one of them happens, with its money.

Forced in either order by the clock, then let loose at the same moment again and again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import make_url

from techmarket.app import create_app
from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from techmarket.trading import service as trading
from tests.client import Api
from tests.pg import TestServer
from tests.stories import way
from tests.stories.town import Json, Town, a_town, at, moment
from tests.stories.way import Sale

DEPOSIT = 15_000_000
# From "the date has passed when both start" to "there is time enough", with the close calls in between.
BEFORE_THE_DEADLINE = [timedelta(milliseconds=ms) for ms in (0, 10, 20, 40, 80, 60_000)]


async def all_but_the_last_signature(town: Town) -> tuple[Sale, Json]:
    """X has won, the result notice has ended, the university has signed; X has until midnight of 16 April."""
    sale = await way.to_the_award(town)
    contract = await way.a_contract(sale, "X")
    await town.move_to(at(3, 18, 9))
    await way.sign(sale, contract, sale.university)
    await town.confirm_payouts()
    return sale, contract


async def last_signature(sale: Sale, contract: Json) -> Response:
    document = {"document_sha256": contract["document_sha256"]}
    return await sale.town.try_post(f"/v1/contracts/{contract['id']}/signatures", document, by=sale.buyers["X"])


async def has_signed(sale: Sale, contract: Json) -> None:
    """X has the lot: 150,000.00 of the fee are paid, 490,000.00 open, Y has the deposit back, nobody lost any."""
    town = sale.town
    await town.settle()
    assert await sale.award_states() == {"X": "CONCLUDED", "Y": "RELEASED"}
    assert await sale.deposits() == {"X": "PAID_IN", "Y": "RELEASED", "Z": "RELEASED"}
    assert (await town.get(f"/v1/contracts/{contract['id']}", by=sale.university))["state"] == "IN_FORCE"
    assert (await town.get(f"/v1/trades/{sale.trade['id']}"))["state"] == "CONCLUDED"
    due = await town.the_open_due(sale.buyers["X"])
    assert (due["paid"]["amount"], due["outstanding"]["amount"]) == ("150000.00", "490000.00")
    assert await town.confirm_payouts() == [(sale.buyers["Y"].id, "150000.00")]
    assert await town.money() == {"BANK": -DEPOSIT, "ESCROW": DEPOSIT}
    assert await town.escrow(sale.university) == ("0.00", "0.00")


async def has_lapsed(sale: Sale, contract: Json) -> None:
    """X has lost the award and the deposit to the seller; Y is offered the lot and its deposit stays held."""
    town = sale.town
    await town.settle()
    assert await sale.award_states() == {"X": "LAPSED", "Y": "OFFERED"}
    assert await sale.deposits() == {"X": "FORFEITED", "Y": "HELD", "Z": "RELEASED"}
    assert (await town.get(f"/v1/contracts/{contract['id']}", by=sale.university))["state"] == "CANCELLED"
    assert (await town.get(f"/v1/trades/{sale.trade['id']}"))["state"] == "AWARDED"
    assert (await town.get("/v1/dues", by=sale.buyers["X"], state="OPEN"))["items"] == []
    assert await town.confirm_payouts() == [(sale.university.id, "150000.00")]
    assert await town.money() == {"BANK": -DEPOSIT, "ESCROW": DEPOSIT}
    assert await town.escrow(sale.buyers["X"]) == ("0.00", "0.00")
    assert await town.escrow(sale.buyers["Y"]) == ("150000.00", "0.00")


async def test_a_signature_in_the_last_minute_holds_and_the_lapse_finds_nothing_to_do(api: Api, means: Means) -> None:
    town = await a_town(api, means, way.START)
    sale, contract = await all_but_the_last_signature(town)
    await town.move_to(at(4, 16, 23, 59))
    signed = await last_signature(sale, contract)
    assert (signed.status_code, signed.json()["state"]) == (201, "IN_FORCE")
    await town.move_to(at(4, 17, 9))
    award = (await sale.awards())["X"]
    assert await trading.lapse_award(means.tx, award["id"]) is False
    await has_signed(sale, contract)


async def test_a_signature_after_midnight_is_refused_even_before_the_lapse_has_run_and_changes_nothing(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, way.START)
    sale, contract = await all_but_the_last_signature(town)
    # The clock alone moves: no job has noticed yet that the date has passed.
    await town.post("/v1/clock", {"now": at(4, 17).isoformat()}, by="operator")
    assert moment((await sale.awards())["X"]["sign_by"]) == at(4, 17)
    late = await last_signature(sale, contract)
    assert (late.status_code, late.json()["code"]) == (409, "trading.signing_date_passed")
    assert await sale.award_states() == {"X": "OFFERED", "Y": "WAITING"}
    shown = await town.get(f"/v1/signings/{contract['signing_id']}", by=sale.university)
    assert [one["signature"] is not None for one in shown["signatories"]] == [True, False]
    await has_lapsed(sale, contract)
    late = await last_signature(sale, contract)
    assert (late.status_code, late.json()["code"]) == (409, "lifecycle.not_in_this_state")


@asynccontextmanager
async def the_same_town(url: str, sale: Sale, keys: Keys, folder: Path) -> AsyncIterator[Sale]:
    """The story as it stands in a copy of its database, with an edge of its own."""
    async with opened(url, keys, folder) as (api, means):
        yield replace(sale, town=replace(sale.town, api=api, means=means))


@asynccontextmanager
async def opened(url: str, keys: Keys, folder: Path) -> AsyncIterator[tuple[Api, Means]]:
    tx = Tx(make_engine(url, pool_size=10, application="test"))
    means = Means(tx=tx, keys=keys, files=Files.at(folder / "objects"))
    app = create_app(means)
    try:
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=ASGITransport(app=app), base_url="http://market.test") as http,
        ):
            yield Api(http), means
    finally:
        await tx.dispose()


@pytest.mark.slow
async def test_at_the_same_moment_exactly_one_of_signature_and_lapse_happens(
    pg_server: TestServer, template: str, keys: Keys, tmp_path: Path
) -> None:
    """The deadline falls between the two: some races are won by the pen, some by the clock, none by both."""
    outcomes = set()
    with pg_server.cloned(template) as url:
        async with opened(url, keys, tmp_path) as (api, means):
            sale, contract = await all_but_the_last_signature(await a_town(api, means, way.START))
        prepared = make_url(url).database
        assert prepared is not None
        for before in BEFORE_THE_DEADLINE:
            with pg_server.cloned(prepared) as copy:
                async with the_same_town(copy, sale, keys, tmp_path) as here:
                    outcomes.add(await race(here, contract, at(4, 17) - before))
    assert outcomes == {"signed", "lapsed"}


async def race(sale: Sale, contract: Json, start: datetime) -> str:
    award = (await sale.awards())["X"]
    await sale.town.post("/v1/clock", {"now": start.isoformat()}, by="operator")
    signed_already = asyncio.Event()

    async def the_pen() -> Response:
        try:
            return await last_signature(sale, contract)
        finally:
            signed_already.set()

    async def the_clock() -> bool:
        while not signed_already.is_set():
            if await trading.lapse_award(sale.town.means.tx, award["id"]):
                return True
        return False

    signed, lapsed = await asyncio.gather(the_pen(), the_clock())
    if signed.status_code == 201:
        assert not lapsed
        await has_signed(sale, contract)
        return "signed"
    assert signed.json()["code"] in ("trading.signing_date_passed", "lifecycle.not_in_this_state")
    await has_lapsed(sale, contract)
    return "lapsed"
