"""The OpenAPI document as it is served: made once in each process, beside everything else that is asked meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from techmarket.api.observe import NamedRoute


class Made(NamedTuple):
    """The document, and its bytes."""

    said: dict[str, Any]
    raw: bytes


class Document:
    """Making it takes seconds: whoever asks first waits for a thread, and nobody for him."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._making: asyncio.Task[Made] | None = None
        self._made: Made | None = None

    async def get(self) -> Made:
        if self._made is None:
            if self._making is None:
                self._making = asyncio.create_task(asyncio.to_thread(self._write), name="openapi")
            making = self._making
            try:
                self._made = await asyncio.shield(making)  # who goes away takes it from nobody
            finally:
                if making.done():
                    self._making = None
        return self._made

    def _write(self) -> Made:
        said = self._make()
        return Made(said, bytes(JSONResponse(said).body))


def routes() -> list[Route]:
    """GET /openapi.json."""

    async def show(request: Request) -> Response:
        made: Made = await request.app.state.document.get()
        return Response(made.raw, media_type="application/json")

    return [NamedRoute("/openapi.json", show)]
