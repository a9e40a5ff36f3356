"""A reader of a trade's stream for tests, and a market served over a real connection in this process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI

from techmarket.api.protocol import PatientProtocol
from techmarket.cli.serve import LeavingServer

PATIENCE_SECONDS = 10.0


@contextlib.asynccontextmanager
async def served(app: FastAPI, *, unread_seconds: float = 15.0) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    """The app on a free port, as `techmarket serve` has it; stopped with the block."""
    protocol = type("Quick", (PatientProtocol,), {"unread_seconds": unread_seconds})
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, http=protocol)
    server = LeavingServer(config, app)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    running = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server
    finally:
        server.should_exit = True
        async with asyncio.timeout(PATIENCE_SECONDS):
            await running


async def eventually(is_so: Callable[[], object]) -> None:
    """Wait for what other tasks bring about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@dataclass(frozen=True)
class Told:
    """One event as it was read."""

    kind: str
    id: str
    body: dict[str, Any]


class Reader:
    """Reads events one by one; `all` has every one read so far, `is_ended` says that the server closed."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()
        self.response = response
        self.all: list[Told] = []
        self.comments = 0
        self.retry: int | None = None
        self.is_ended = False

    async def next(self) -> Told | None:
        """The next event; None at the end of the stream."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self._lines:
                if line.startswith(":"):
                    self.comments += 1
                elif line.startswith("retry: "):
                    self.retry = int(line.removeprefix("retry: "))
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    told = Told(fields["event"], fields["id"], json.loads(fields["data"]))
                    self.all.append(told)
                    return told
        self.is_ended = True
        return None

    async def until(self, kind: str, **wanted: Any) -> Told:
        """Read on to the first event that says this."""
        while (told := await self.next()) is not None:
            if told.kind == kind and all(told.body.get(name) == value for name, value in wanted.items()):
                return told
        raise AssertionError(f"the stream ended before {kind} {wanted}; it told {self.all}")

    async def to_the_end(self) -> list[Told]:
        while await self.next() is not None:
            pass
        return self.all

    @property
    def seqs(self) -> list[int]:
        return [told.body["seq"] for told in self.all if told.kind == "price"]


@contextlib.asynccontextmanager
async def following(
    base: str, trade_id: UUID, *, last_id: str | None = None, key: str | None = None
) -> AsyncIterator[Reader]:
    headers = {**({"Last-Event-ID": last_id} if last_id else {}), **({"Authorization": f"Bearer {key}"} if key else {})}
    async with (
        httpx.AsyncClient(base_url=base, timeout=PATIENCE_SECONDS, trust_env=False) as http,
        http.stream("GET", f"/v1/trades/{trade_id}/stream", headers=headers) as response,
    ):
        if response.status_code != 200:
            await response.aread()
        yield Reader(response)
