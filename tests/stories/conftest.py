"""The stories are told as the market tells them: as the role that owns nothing, so that no grant is missing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from techmarket.db.roles import APP_ROLE
from techmarket.db.session import Tx, make_engine


@pytest.fixture
async def tx(database_url: str, app_url: str) -> AsyncIterator[Tx]:
    owner = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    # That a market is a sandbox is its owner's word, and the stories say it amid their telling.
    await owner.execute(f"GRANT UPDATE (sandbox) ON market_clock TO {APP_ROLE}")
    await owner.close()
    opened = Tx(make_engine(app_url, pool_size=30, application="test"))
    yield opened
    await opened.dispose()
