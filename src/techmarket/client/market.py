"""The two clients: the same calls, waited for or awaited."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Any
from uuid import UUID

import httpx

from techmarket.client.awaited import AwaitedOperations
from techmarket.client.course import Answer, Course, Query, Value, answer_of, course
from techmarket.client.lines import Lines
from techmarket.client.operations import Operations
from techmarket.client.problems import Unreachable, problem_of

PATIENCE = 60.0
TIMEOUT = 30.0
SILENCE = 40.0
"""A stream shows a sign of life every 15 seconds."""
STREAM = "/v1/trades/{trade_id}/stream"


def etag_of(thing: Mapping[str, Any]) -> str:
    """The version of a thing as it was read: what `if_match` of the next change wants."""
    if not isinstance(thing, Answer) or thing.etag is None:
        raise ValueError("this is not what the market answered, or it has no version")
    return thing.etag


def _headers(key: str | None, language: str | None) -> dict[str, str]:
    said = {"Authorization": f"Bearer {key}"} if key is not None else {}
    return said | ({"Accept-Language": language} if language is not None else {})


class Market(Operations):
    """The market at an address, for one key (or nobody's). A busy market is asked again for `patience` seconds."""

    def __init__(
        self,
        base: str,
        key: str | None = None,
        *,
        language: str | None = None,
        patience: float = PATIENCE,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.patience = patience
        self.http = httpx.Client(base_url=base, headers=_headers(key, language), timeout=timeout, transport=transport)

    def __enter__(self) -> Market:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    def send(self, method: str, template: str, path: Mapping[str, Value], **more: Any) -> Any:
        """One call of the API by its address, where no method of its own fits; raises `Problem`."""
        tried = course(method, template, path, patience=self.patience, **more)
        while True:
            outcome = self._try(tried)
            if isinstance(outcome, httpx.Response) and outcome.is_success:
                return answer_of(outcome)
            waits = tried.wait_after(outcome)
            if waits is None:
                raise _ending(outcome, tried)
            time.sleep(waits)

    def _try(self, tried: Course) -> httpx.Response | httpx.TransportError:
        try:
            return self.http.request(tried.method, tried.path, headers=tried.headers, content=tried.content)
        except httpx.TransportError as error:
            return error

    def _each(self, template: str, path: Mapping[str, Value], query: Query) -> Iterator[Any]:
        cursor: str | None = None
        while True:
            page = self.send("GET", template, path, query={**query, "cursor": cursor})
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def follow(self, trade_id: UUID | str, *, last_id: str = "") -> Iterator[tuple[str, Any]]:
        """The events of a trade as they happen, each once, over as many lines as it takes; ends with the trade."""
        lines = Lines(last_id, self.patience)
        while True:
            try:
                timeout = httpx.Timeout(TIMEOUT, read=SILENCE)
                address = STREAM.replace("{trade_id}", str(trade_id))
                with self.http.stream("GET", address, headers=lines.headers(), timeout=timeout) as response:
                    if response.status_code == 204:
                        return
                    if not lines.begin(response):
                        response.read()
                        raise problem_of(response)
                    if response.status_code == 200:
                        for line in response.iter_lines():
                            if (told := lines.take(line)) is not None:
                                yield told[0], json.loads(told[1])
            except httpx.TransportError as error:
                lines.lost(error)
            time.sleep(lines.waits())


class AsyncMarket(AwaitedOperations):
    """`Market` for programs that await."""

    def __init__(
        self,
        base: str,
        key: str | None = None,
        *,
        language: str | None = None,
        patience: float = PATIENCE,
        timeout: float = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.patience = patience
        said = _headers(key, language)
        self.http = httpx.AsyncClient(base_url=base, headers=said, timeout=timeout, transport=transport)

    async def __aenter__(self) -> AsyncMarket:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self.http.aclose()

    async def send(self, method: str, template: str, path: Mapping[str, Value], **more: Any) -> Any:
        """One call of the API by its address, where no method of its own fits; raises `Problem`."""
        tried = course(method, template, path, patience=self.patience, **more)
        while True:
            outcome = await self._try(tried)
            if isinstance(outcome, httpx.Response) and outcome.is_success:
                return answer_of(outcome)
            waits = tried.wait_after(outcome)
            if waits is None:
                raise _ending(outcome, tried)
            await asyncio.sleep(waits)

    async def _try(self, tried: Course) -> httpx.Response | httpx.TransportError:
        try:
            return await self.http.request(tried.method, tried.path, headers=tried.headers, content=tried.content)
        except httpx.TransportError as error:
            return error

    async def _each(self, template: str, path: Mapping[str, Value], query: Query) -> AsyncIterator[Any]:
        cursor: str | None = None
        while True:
            page = await self.send("GET", template, path, query={**query, "cursor": cursor})
            for one in page["items"]:
                yield one
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    async def follow(self, trade_id: UUID | str, *, last_id: str = "") -> AsyncIterator[tuple[str, Any]]:
        """The events of a trade as they happen, each once, over as many lines as it takes; ends with the trade."""
        lines = Lines(last_id, self.patience)
        while True:
            try:
                timeout = httpx.Timeout(TIMEOUT, read=SILENCE)
                address = STREAM.replace("{trade_id}", str(trade_id))
                async with self.http.stream("GET", address, headers=lines.headers(), timeout=timeout) as response:
                    if response.status_code == 204:
                        return
                    if not lines.begin(response):
                        await response.aread()
                        raise problem_of(response)
                    if response.status_code == 200:
                        async for line in response.aiter_lines():
                            if (told := lines.take(line)) is not None:
                                yield told[0], json.loads(told[1])
            except httpx.TransportError as error:
                lines.lost(error)
            await asyncio.sleep(lines.waits())


def _ending(outcome: httpx.Response | httpx.TransportError, tried: Course) -> Exception:
    if isinstance(outcome, httpx.Response):
        return problem_of(outcome)
    ended = Unreachable(f"{tried.method} {tried.path}: {type(outcome).__name__}: {outcome}", once=tried.once)
    ended.__cause__ = outcome
    return ended
