"""Embeddings from another system, by OpenAI's protocol: bounded in time, tried again, left alone when it fails."""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import httpx

from techmarket.kernel.embedding import EmbeddingFailed, Purpose, Trouble
from techmarket.matching.meaning.embedders import checked

BATCH = 64
TRIES = 3
PAUSE_SECONDS = 0.2
RETRY_AFTER_MAX_SECONDS = 2.0
FAILURES_BEFORE_REST = 3
REST_SECONDS = 30.0
QUERY_SECONDS = 3.0
"""Somebody waits for a query; words alone answer him sooner than this."""
ANSWER_BYTES_MAX = 32 * 1024**2
CHARS_MAX = 2_000
NAME_MAX = 64


class _Rest:
    """After so many failures in a row nobody is asked for a while; then one call tries, the others go on without."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._is_trying = False

    def enter(self) -> None:
        is_over = self._clock() >= self._until
        if not is_over or (self._failures >= FAILURES_BEFORE_REST and self._is_trying):
            raise EmbeddingFailed(Trouble.RESTING)
        self._is_trying = self._failures >= FAILURES_BEFORE_REST

    def succeeded(self) -> None:
        self._failures, self._is_trying = 0, False

    def failed(self) -> None:
        self._failures, self._is_trying = self._failures + 1, False
        if self._failures >= FAILURES_BEFORE_REST:
            # One more failure after the rest begins the next one.
            self._until = self._clock() + REST_SECONDS

    def left(self) -> None:
        self._is_trying = False


class Endpoint:
    """`POST {url}/embeddings` with model and input. A call waits at most `timeout_s` in all, tries included; a query
    three seconds at most.

    After three failures in a row nobody is asked for half a minute, and callers hear at once that it rests; then one
    call tries again. Queries rest by themselves: a text that the endpoint refuses is no reason to leave them alone.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str,
        dim: int,
        key: str | None = None,
        timeout_s: float = 10.0,
        query_s: float = QUERY_SECONDS,
        chars_max: int = CHARS_MAX,
        prefixes: tuple[str, str] = ("", ""),
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = _name(model, dim, chars_max, prefixes)
        self.dim = dim
        self.chars_max = chars_max
        self._url = url.rstrip("/") + "/embeddings"
        self._model = model
        self._prefixes: dict[Purpose, str] = {"query": prefixes[0], "passage": prefixes[1]}
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._timeouts: dict[Purpose, float] = {"query": min(timeout_s, query_s), "passage": timeout_s}
        self._transport = transport
        self._rests: dict[Purpose, _Rest] = {"query": _Rest(clock), "passage": _Rest(clock)}

    @cached_property
    def _verify(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[list[float]]:
        rest = self._rests[purpose]
        rest.enter()
        said = [self._prefixes[purpose] + text[: self.chars_max] for text in texts]
        try:
            vectors = await self._embed(said, self._timeouts[purpose])
        except EmbeddingFailed as failure:
            if purpose == "query" or failure.trouble in (Trouble.SLOW, Trouble.DOWN):
                rest.failed()
            else:
                rest.left()
            raise
        except BaseException:
            rest.left()
            raise
        rest.succeeded()
        return vectors

    async def _embed(self, said: Sequence[str], seconds: float) -> list[list[float]]:
        vectors: list[list[float]] = []
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=seconds, verify=self._verify) as client:
                for first in range(0, len(said), BATCH):
                    vectors += await asyncio.wait_for(self._ask(client, said[first : first + BATCH]), seconds)
        except EmbeddingFailed:
            raise
        except TimeoutError:
            raise EmbeddingFailed(Trouble.SLOW) from None
        except Exception as error:  # an address, a token or a certificate that cannot be used
            raise EmbeddingFailed(Trouble.DOWN) from error
        return vectors

    async def _ask(self, client: httpx.AsyncClient, texts: Sequence[str]) -> list[list[float]]:
        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        for attempt in range(1, TRIES + 1):
            try:
                status, headers, content = await self._post(client, body)
            except httpx.TimeoutException:
                raise EmbeddingFailed(Trouble.SLOW) from None
            except httpx.TransportError:
                if attempt == TRIES:
                    raise EmbeddingFailed(Trouble.DOWN) from None
                await asyncio.sleep(PAUSE_SECONDS * attempt)
                continue
            if status == 200:
                return self._read(content, len(texts))
            if status not in (429, 500, 502, 503, 504):
                raise EmbeddingFailed(Trouble.REFUSED)
            if attempt < TRIES:
                await asyncio.sleep(_pause(headers, attempt))
        raise EmbeddingFailed(Trouble.DOWN)

    async def _post(self, client: httpx.AsyncClient, body: Mapping[str, Any]) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and content, of which no more is taken than an answer may hold."""
        content = bytearray()
        async with client.stream("POST", self._url, json=body, headers=self._headers) as answer:
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > ANSWER_BYTES_MAX:
                    raise EmbeddingFailed(Trouble.MALFORMED)
        return answer.status_code, answer.headers, bytes(content)

    def _read(self, content: bytes, count: int) -> list[list[float]]:
        """The vectors in the order of the texts, whatever the order of the answer."""
        try:
            rows: list[dict[str, Any]] = json.loads(content)["data"]
            by_index = {int(row["index"]): [float(x) for x in row["embedding"]] for row in rows}
            vectors = [by_index[n] for n in range(count)]
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise EmbeddingFailed(Trouble.MALFORMED) from None
        return checked(vectors, self.dim)


def _name(model: str, dim: int, chars_max: int, prefixes: tuple[str, str]) -> str:
    """What names the vectors: with other prefixes or another length a text has other ones."""
    plain = f"openai:{model}:{dim}"
    is_usual = (chars_max, prefixes) == (CHARS_MAX, ("", ""))
    if is_usual and len(plain) <= NAME_MAX:
        return plain
    digest = hashlib.sha256(repr((plain, chars_max, prefixes)).encode()).hexdigest()[:12]
    return f"{plain[: NAME_MAX - 13]}:{digest}"


def _pause(headers: httpx.Headers, attempt: int) -> float:
    said = headers.get("retry-after", "")
    wanted = float(said) if said.isdigit() else PAUSE_SECONDS * attempt
    return min(wanted, RETRY_AFTER_MAX_SECONDS)
