"""A thin HTTP caller for tests: says as whom, and gives every POST an idempotency key of its own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from httpx import AsyncClient, Response


class Api:
    def __init__(self, http: AsyncClient) -> None:
        self.http = http

    async def call(
        self, method: str, path: str, *, key: str | None = None, once: str | None = None, **kwargs: Any
    ) -> Response:
        """`key` is the caller's API key; `once` the idempotency key, a new one when not given."""
        headers = dict(kwargs.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if method == "POST":
            headers.setdefault("Idempotency-Key", once or str(uuid4()))
        return await self.http.request(method, path, headers=headers, **kwargs)

    async def get(self, path: str, **kwargs: Any) -> Response:
        return await self.call("GET", path, **kwargs)

    async def post(self, path: str, **kwargs: Any) -> Response:
        return await self.call("POST", path, **kwargs)

    async def put(self, path: str, **kwargs: Any) -> Response:
        return await self.call("PUT", path, **kwargs)

    async def patch(self, path: str, **kwargs: Any) -> Response:
        return await self.call("PATCH", path, **kwargs)

    async def accept(self, listing: str, *, key: str) -> Response:
        """As the operator who has just read this listing."""
        read = (await self.get(f"/v1/listings/{listing}", key=key)).json()["dossier"]["sha256"]
        return await self.post(f"/v1/listings/{listing}/acceptance", key=key, json={"sha256": read})

    async def read(self, listings: list[str], *, key: str) -> dict[str, str]:
        """Which version of each an operator reads now."""
        shown = [(await self.get(f"/v1/listings/{one}", key=key)).json() for one in listings]
        return {one["id"]: one["dossier"]["sha256"] for one in shown}
