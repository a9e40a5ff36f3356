"""Serves the API, with the jobs in the same process unless told otherwise, until asked to stop."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from techmarket.api import rates
from techmarket.api.protocol import LINES_MAX, PatientProtocol
from techmarket.app import create_app
from techmarket.cli.state import OpenMarket
from techmarket.disclosure.rules import RoomLimits
from techmarket.identity.providers import House, parse_providers
from techmarket.identity.rules import SessionLimits
from techmarket.settings import Settings

GRACE_SECONDS = 7  # with the leave before and the jobs after, the end comes within ten
LEAVE_SECONDS = 1.0
FILES_MAX = 65_536
OTHER_FILES = 200


class LeavingServer(uvicorn.Server):
    """Says on /readyz that it leaves before it stops taking connections, answers what it accepted, and ends with 0.

    A second signal ends it at once.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._asked_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        spare_the_collector()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.live.leave()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not the server's own, which raises the signal again at the end: a wished-for end would look like a crash.
        self.force_exit = self._asked_at is not None
        self._asked_at = self._asked_at or time.monotonic()
        self._app.state.is_stopping = True
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        ends = await super().on_tick(counter)
        if self._asked_at is not None:
            self._app.state.live.leave()
        if not ends or self.force_exit or self._asked_at is None:
            return ends
        return time.monotonic() - self._asked_at >= LEAVE_SECONDS


def spare_the_collector() -> None:
    """What is loaded by now stays until the end: looking through it again and again would hold up everyone's answers.

    A full collection over all modules takes 60 ms and more, and under load there are several a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def files_to_open() -> int:
    """As many as the system lets this process have open at once: each watcher is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        most = FILES_MAX
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def houses(settings: Settings) -> tuple[House, ...]:
    """The other houses by whose accounts people can sign in, as the settings name them."""
    told = settings.sign_in_providers.get_secret_value() if settings.sign_in_providers else ""
    if not told:
        return ()
    try:
        return tuple(House.of(one) for one in parse_providers(told))
    except ValueError as error:
        raise SystemExit(f"techmarket: TECHMARKET_SIGN_IN_PROVIDERS: {error}") from None


def server_for(market: OpenMarket, settings: Settings, *, jobs: bool) -> uvicorn.Server:
    """A server over the whole edge; it answers what it accepted before it ends."""
    app = create_app(
        market.means,
        jobs_in_process=jobs,
        watchers_max=max(0, min(settings.watchers_max, files_to_open() - LINES_MAX - OTHER_FILES)),
        watchers_each_max=settings.watchers_each_max,
        room_limits=RoomLimits(
            upload_bytes_max=settings.upload_bytes_max,
            upload_seconds=settings.upload_seconds,
            documents_max=settings.room_documents_max,
            bytes_max=settings.room_bytes_max,
        ),
        quotas={
            rates.READ: settings.reads_per_minute,
            rates.WRITE: settings.writes_per_minute,
            rates.BID: settings.bids_per_minute,
            rates.OPEN: settings.open_per_minute,
        },
        ocid_prefix=settings.ocid_prefix,
        houses=houses(settings),
        session_limits=SessionLimits(settings.session_idle_seconds, settings.session_seconds),
        organisations_per_day=settings.organisations_per_day,
    )
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="none",  # it runs in the command's, which is uvloop's
        http=PatientProtocol,
        access_log=False,
        log_config=None,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    return LeavingServer(config, app)


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
