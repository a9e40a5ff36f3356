"""A caller of the public API: as whom, with which key, and a refusal becomes an error that says everything."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx

TRIES = 8


class Refused(Exception):
    """The API said no where the story expected yes."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.problem = _json(response)
        path = response.request.url.path
        super().__init__(f"{response.request.method} {path} -> {response.status_code} {self.problem}")

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))


class Caller:
    """One API key. Retries with the same idempotency key when the market is busy or the connection breaks."""

    def __init__(self, http: httpx.AsyncClient, key: str | None = None) -> None:
        self.http = http
        self.key = key

    async def send(
        self, method: str, path: str, *, once: str | None = None, headers: dict[str, str] | None = None, **kwargs: Any
    ) -> httpx.Response:
        sent = dict(headers or {})
        if self.key is not None:
            sent["Authorization"] = f"Bearer {self.key}"
        if method == "POST":
            sent["Idempotency-Key"] = once or str(uuid4())
        for attempt in range(TRIES):
            try:
                response = await self.http.request(method, path, headers=sent, **kwargs)
            except httpx.TransportError:
                if attempt == TRIES - 1:
                    raise
                await asyncio.sleep(0.1 * 2**attempt)
                continue
            busy = response.status_code in (429, 503) or _json(response).get("code") == "idempotency.in_flight"
            if not busy or attempt == TRIES - 1:
                return response
            await asyncio.sleep(float(response.headers.get("Retry-After", "1")))
        raise AssertionError("the loop above returns or raises")

    async def call(self, method: str, path: str, **kwargs: Any) -> Any:
        """The JSON of an answer that must be a success."""
        response = await self.send(method, path, **kwargs)
        if response.status_code >= 400:
            raise Refused(response)
        return _json(response) if response.content else None

    async def get(self, path: str, **kwargs: Any) -> Any:
        return await self.call("GET", path, **kwargs)

    async def post(self, path: str, body: Any = None, **kwargs: Any) -> Any:
        return await self.call("POST", path, json=body if body is not None else {}, **kwargs)

    async def act(self, path: str, **kwargs: Any) -> Any:
        """A POST without a body."""
        return await self.call("POST", path, **kwargs)

    async def change(self, path: str, body: Any, *, method: str = "PATCH") -> Any:
        """A change of a versioned thing: read its ETag, send it back."""
        seen = await self.send("GET", path)
        return await self.call(method, path, json=body, headers={"If-Match": seen.headers["etag"]})


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {"items": body}


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}
