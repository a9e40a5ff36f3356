"""What docs/client.md shows runs as it stands, against a market that is really served."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from httpx import ASGITransport

from techmarket.app import create_app
from techmarket.client import AsyncMarket, Conflict, Problem, is_genuine
from tests.follow import served
from tests.identity.make import an_organisation
from tests.trading.make import an_open_lot

PAGE = Path(__file__).parents[2] / "docs" / "client.md"


async def test_the_example_of_the_page_runs_as_it_stands(means, tx, keys, tmp_path):
    org = await an_organisation(tx, keys=keys)
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    (tmp_path / "example.py").write_text(code)
    async with served(create_app(means)) as (base, _):
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, str(tmp_path / "example.py")],
            env={**os.environ, "BASE": base, "KEY": org.key},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("I am Sample organisation")
    assert lines[1].endswith(" SUBMITTED")
    assert lines[2].startswith("not_found ")
    assert lines[3].startswith("request.invalid ['/body/terms/")
    assert len(lines) == 5


async def test_a_bid_by_the_client_comes_with_a_receipt_that_it_finds_genuine_and_a_changed_one_is_not(means, tx, keys):
    bidder, stranger = [await an_organisation(tx, keys=keys) for _ in range(2)]
    lot = await an_open_lot(tx, [bidder.actor])
    app = create_app(means)
    amount = {"amount": "500000.00", "currency": "CNY"}
    async with app.router.lifespan_context(app):
        async with AsyncMarket("http://market.test", bidder.key, transport=ASGITransport(app)) as market:
            published = await market.get_public_keys()
            bid = await market.place_bid(lot.id, {"amount": amount}, once="bid-1")
            again = await market.place_bid(lot.id, {"amount": amount}, once="bid-1")
            with pytest.raises(Conflict) as low:
                await market.place_bid(lot.id, {"amount": amount})
        async with AsyncMarket("http://market.test", stranger.key, transport=ASGITransport(app)) as market:
            with pytest.raises(Problem) as refused:
                await market.place_bid(lot.id, {"amount": amount})
    assert bid == again
    assert is_genuine(bid["receipt"], published)
    assert (low.value.code, low.value.facts["least"]["amount"]) == ("trading.bid_too_low", "510000.00")
    assert is_genuine(low.value.facts["receipt"], published)
    for changed in ({"bidder": 1002}, {"amount": {"amount": "500000.01", "currency": "CNY"}}, {"seq": 2}):
        assert not is_genuine({**bid["receipt"], **changed}, published)
    assert not is_genuine(bid["receipt"], {"keys": []})
    assert refused.value.code == "trading.not_a_participant"
