"""The example robot against a market that loses its answers and cuts its lines: it bids once, in time, and no more."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from techmarket.app import create_app
from techmarket.trading import service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import PauseCause
from techmarket.trading.receipts import verify_receipt
from tests.follow import eventually, served
from tests.identity.make import an_organisation
from tests.trading.make import a_market_at_work, an_open_lot, an_open_trade, end_now

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


receipts = example("receipts")
robot = example("bidding_robot")


class Shaky:
    """Carries out each bid and loses the first answer to it; counts how often each key came."""

    def __init__(self, app: Any) -> None:
        self.app, self.keys = app, Counter[bytes]()
        self.state = app.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        key = dict(scope.get("headers", ())).get(b"idempotency-key")
        if key is None or not scope["path"].endswith("/bids"):
            await self.app(scope, receive, send)
            return
        self.keys[key] += 1
        if self.keys[key] > 1:
            await self.app(scope, receive, send)
            return

        async def lose(_message: Any) -> None: ...

        await self.app(scope, receive, lose)
        headers = [(b"retry-after", b"0"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body"})


async def test_two_robots_compete_over_lost_answers_and_cut_lines_and_no_bid_is_placed_twice(
    means, tx, keys, monkeypatch
):
    monkeypatch.setattr("techmarket.api.live.RETRY_MS", 50)
    market = await a_market_at_work(tx, keys, buyers=2)
    trade = await an_open_trade(market, increment_minor=1_000_000)
    api_keys = []
    for buyer in market.buyers:
        one = await an_organisation(tx, keys=keys)
        async with tx.begin() as db:  # the maker's buyers have no key; these stand in their place
            for table in ("seat", "participant"):
                swap = text(f"UPDATE {table} SET org_id = :new WHERE org_id = :old")
                await db.execute(swap, {"new": one.actor.org, "old": buyer.org})
        api_keys.append(one.key)
    app = create_app(means)
    shaky = Shaky(app)
    published = await published_keys(app)
    limits = [Decimal("560000.00"), Decimal("600000.00")]

    async def cut_lines() -> None:
        while True:
            await asyncio.sleep(0.1)
            for feed in app.state.live._feeds.values():
                for watcher in tuple(feed.watchers):
                    if watcher.line is not None:
                        watcher.line.cut()

    async with served(shaky) as (base, _):
        robots = [
            await asyncio.to_thread(
                lambda key=key, limit=limit: robot.Robot(
                    robot.Market(base, key), str(trade.id), lot=1, limit=limit, step=1, keys=published
                )
            )
            for key, limit in zip(api_keys, limits, strict=True)
        ]
        cutting = asyncio.create_task(cut_lines())
        first, second = [asyncio.create_task(asyncio.to_thread(one.compete)) for one in robots]
        try:
            await eventually(lambda: len(shaky.keys) > 3)
            await service.pause_lot(tx, market.operator, trade.lot.id, cause=PauseCause.OTHER, reason="sample")
            await asyncio.sleep(0.2)
            assert not first.done()
            assert not second.done()
            await service.resume_lot(tx, market.operator, trade.lot.id)
            assert await first == "outbid"
            await eventually(lambda: robots[1].lot["leading_bidder"] == robots[1].number)
            await end_now(tx, trade.lot.id)
            assert await service.close_due(tx) == 1
            assert await second == "won"
        finally:
            cutting.cancel()
            for one in robots:
                one.market.http.close()
    async with tx.read() as db:
        query = text("SELECT seq, bidder, minor, key, verdict FROM bid WHERE lot_id = :id ORDER BY seq")
        book = (await db.execute(query, {"id": trade.lot.id})).all()
    assert [entry.seq for entry in book] == list(range(1, len(book) + 1))
    assert len({entry.key for entry in book}) == len(book) == sum(len(one.receipts) for one in robots)
    assert {entry.key for entry in book} <= {key.decode() for key in shaky.keys}
    assert min(shaky.keys.values()) >= 2, "every first answer was lost"
    for one, limit in zip(robots, limits, strict=True):
        mine = [entry.minor for entry in book if entry.bidder == one.number]
        assert max(mine) <= int(limit * 100)
        assert all(verify_receipt(receipt, keys.receipts.public) for receipt in one.receipts)
    assert book[-1].bidder == robots[1].number
    assert 56_000_000 <= max(entry.minor for entry in book) <= 57_000_000


async def published_keys(app: Any) -> dict[str, Any]:
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://market.test") as http:
        found: dict[str, Any] = (await http.get("/.well-known/techmarket-keys.json")).json()
    return found


@given(
    st.integers(1, 10**9),
    st.integers(1, 10**7),
    st.integers(1, 50),
    st.integers(1, 10**9),
)
def test_a_robot_bids_on_the_grid_at_least_what_is_enough_and_never_above_its_limit(least, increment, step, limit):
    one = object.__new__(robot.Robot)
    one.limit, one.step, one.increment = Decimal(limit) / 100, step, Decimal(increment) / 100
    one.lot = {"least_next_bid": {"amount": f"{Decimal(least) / 100:.2f}", "currency": "CNY"}}
    amount = one.next_bid()
    if least > limit:
        assert amount is None
    else:
        minor = int(amount * 100)
        assert least <= minor <= limit
        assert (minor - least) % increment == 0
        assert (minor - least) // increment <= step - 1


async def test_a_receipt_is_genuine_only_as_it_was_signed(means, tx, keys):
    one = (await an_organisation(tx)).actor
    lot = await an_open_lot(tx, [one])
    async with BidBook(tx.engine, keys.receipts) as book:
        bids = [service.place_bid(book, one, lot.id, minor=50_000_000 + n * 1_000_000, key=f"{n}") for n in range(5)]
        answers = await asyncio.gather(*bids)
    published = await published_keys(create_app(means))
    shown = [answer.receipt.shown() for answer in answers]
    assert max(one["batch"]["size"] for one in shown) > 1
    for receipt in shown:
        assert receipts.is_genuine(receipt, published)
    for change in (
        {"seq": 99},
        {"bidder": 1},
        {"amount": {"amount": "1.00", "currency": "CNY"}},
        {"verdict": "trading.bid_too_low"},
        {"at": "2026-01-01T00:00:00.000000+00:00"},
        {"chain": "00" * 32},
        {"kid": "0" * 16},
        {"signature": "00" * 64},
        {"batch": {**shown[0]["batch"], "index": shown[0]["batch"]["size"]}},
    ):
        assert not receipts.is_genuine({**shown[0], **change}, published), change


@pytest.mark.parametrize("name, taken", [("bidding_robot", ["techmarket.client"]), ("receipts", [])])
def test_an_example_uses_nothing_of_the_market_but_its_client(name, taken):
    lines = (EXAMPLES / f"{name}.py").read_text().splitlines()
    assert [line.split()[1] for line in lines if "import" in line and "techmarket" in line] == taken


def test_the_robot_says_what_it_needs(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bidding_robot.py", "--help"])
    with pytest.raises(SystemExit) as end:
        robot.main()
    assert end.value.code == 0
    assert "--limit" in capsys.readouterr().out
