"""Puts everything together; the only file that knows all the parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text

from techmarket.api import identity, refusals, signing
from techmarket.api.openapi import describe
from techmarket.db.means import Means

ROUTERS = (identity.router, signing.router)


def create_app(means: Means, *, jobs_in_process: bool = False, public_url: str = "http://127.0.0.1:8000") -> FastAPI:
    """The whole HTTP edge over the given means. Opens nothing at import; the lifespan ends what it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.state.is_stopping = False
            yield
            app.state.is_stopping = True
            del stack

    app = FastAPI(title="techmarket", version="0.1.0", lifespan=lifespan, docs_url="/docs", redoc_url=None)
    app.state.means = means
    app.state.is_stopping = False
    app.state.public_url = public_url

    async def ready() -> bool:
        if app.state.is_stopping:
            return False
        async with means.tx.read() as db:
            await db.execute(text("SELECT 1 FROM journal_log LIMIT 1"))
        return True

    app.state.ready = ready
    for router in ROUTERS:
        app.include_router(router)
    refusals.install(app)
    describe(app)
    return app
