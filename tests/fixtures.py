"""The fixtures every room's tests share: transactions over a database of the test's own, keys, files, the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from techmarket.app import create_app
from techmarket.db import keys as market_keys
from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from tests.client import Api
from tests.door import Door
from tests.engines import compiling_once


@pytest.fixture
async def tx(database_url: str) -> AsyncIterator[Tx]:
    """Transactions over a fresh clone: they really commit, and nobody else sees them."""
    opened = Tx(compiling_once(make_engine(database_url, pool_size=30, application="test")))
    yield opened
    await opened.dispose()


@pytest.fixture
def keys() -> Keys:
    return market_keys.for_tests()


@pytest.fixture
def means(tx: Tx, keys: Keys, tmp_path: Path) -> Means:
    return Means(tx=tx, keys=keys, files=Files.at(tmp_path / "objects"))


@pytest.fixture
async def client(means: Means) -> AsyncIterator[AsyncClient]:
    """The whole HTTP edge in process, without jobs: a test runs the job it is about."""
    app = create_app(means)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url="http://market.test") as http,
    ):
        yield http


@pytest.fixture
def api(client: AsyncClient) -> Api:
    """The same edge with keys of people and idempotency keys filled in."""
    return Api(client)


@pytest.fixture
def door(api: Api, tx: Tx, keys: Keys) -> Door:
    """The same edge for whoever is known to a test as an actor."""
    return Door(api, tx, keys)
