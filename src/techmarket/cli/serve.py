"""Serves the API, with the jobs in the same process unless told otherwise, until asked to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from techmarket.api.protocol import PatientProtocol
from techmarket.app import create_app
from techmarket.cli.state import OpenMarket
from techmarket.settings import Settings

GRACE_SECONDS = 10


def server_for(market: OpenMarket, settings: Settings, *, jobs: bool) -> uvicorn.Server:
    """A server over the whole edge; it answers what it accepted before it ends."""
    app = create_app(market.means, jobs_in_process=jobs, public_url=f"http://{settings.host}:{settings.port}")
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=PatientProtocol,
        access_log=False,
        log_config=None,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=2_000,
        server_header=False,
    )
    return uvicorn.Server(config)


async def serve(market: OpenMarket, settings: Settings, *, jobs: bool) -> None:
    """Serve until SIGINT or SIGTERM."""
    await server_for(market, settings, jobs=jobs).serve()


async def until_asked_to_stop(server: uvicorn.Server) -> None:
    """Uvicorn turns SIGINT and SIGTERM into `should_exit`; it offers no event to wait for."""
    while not server.should_exit:  # noqa: ASYNC110
        await asyncio.sleep(0.2)


@asynccontextmanager
async def serving(market: OpenMarket, settings: Settings) -> AsyncIterator[uvicorn.Server]:
    """Serve in the background while the block runs; used by the demonstration, which then may go on serving."""
    server = server_for(market, settings, jobs=True)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                await task
                raise RuntimeError(f"port {settings.port} on {settings.host} could not be opened")
            await asyncio.sleep(0.02)
        yield server
    finally:
        server.should_exit = True
        await task
