"""Embeddings from another system, by OpenAI's protocol: bounded in time, tried again, left alone when it fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
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
ANSWER_BYTES_MAX = 32 * 1024**2


class Endpoint:
    """`POST {url}/embeddings` with model and input. Queries wait at most `timeout_s` in all, tries included.

    After three failures in a row nobody is asked for half a minute, and callers hear at once that it rests; then one
    call tries again.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str,
        dim: int,
        key: str | None = None,
        timeout_s: float = 10.0,
        chars_max: int = 2_000,
        prefixes: tuple[str, str] = ("", ""),
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = f"openai:{model}:{dim}"[:64]
        self.dim = dim
        self.chars_max = chars_max
        self._url = url.rstrip("/") + "/embeddings"
        self._model = model
        self._prefixes: dict[Purpose, str] = {"query": prefixes[0], "passage": prefixes[1]}
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._timeout = timeout_s
        self._clock = clock
        self._transport = transport
        self._failures = 0
        self._rests_until = 0.0

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[list[float]]:
        if self._clock() < self._rests_until:
            raise EmbeddingFailed(Trouble.RESTING)
        said = [self._prefixes[purpose] + text[: self.chars_max] for text in texts]
        try:
            vectors: list[list[float]] = []
            async with httpx.AsyncClient(transport=self._transport, timeout=self._timeout) as client:
                for first in range(0, len(said), BATCH):
                    vectors += await asyncio.wait_for(self._ask(client, said[first : first + BATCH]), self._timeout)
        except TimeoutError:
            raise self._failed(Trouble.SLOW) from None
        except EmbeddingFailed as failure:
            raise self._failed(failure.trouble) from None
        self._failures = 0
        return vectors

    def _failed(self, trouble: Trouble) -> EmbeddingFailed:
        self._failures += 1
        if self._failures >= FAILURES_BEFORE_REST:
            # One more failure after the rest begins the next one.
            self._rests_until = self._clock() + REST_SECONDS
        return EmbeddingFailed(trouble)

    async def _ask(self, client: httpx.AsyncClient, texts: Sequence[str]) -> list[list[float]]:
        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        for attempt in range(1, TRIES + 1):
            try:
                answer = await client.post(self._url, json=body, headers=self._headers)
            except httpx.TimeoutException:
                raise EmbeddingFailed(Trouble.SLOW) from None
            except httpx.HTTPError:
                if attempt == TRIES:
                    raise EmbeddingFailed(Trouble.DOWN) from None
                await asyncio.sleep(PAUSE_SECONDS * attempt)
                continue
            if answer.status_code == 200:
                return self._read(answer, len(texts))
            if answer.status_code not in (429, 500, 502, 503, 504):
                raise EmbeddingFailed(Trouble.REFUSED)
            if attempt < TRIES:
                await asyncio.sleep(_pause(answer, attempt))
        raise EmbeddingFailed(Trouble.DOWN)

    def _read(self, answer: httpx.Response, count: int) -> list[list[float]]:
        """The vectors in the order of the texts, whatever the order of the answer."""
        if len(answer.content) > ANSWER_BYTES_MAX:
            raise EmbeddingFailed(Trouble.MALFORMED)
        try:
            rows: list[dict[str, Any]] = answer.json()["data"]
            by_index = {int(row["index"]): [float(x) for x in row["embedding"]] for row in rows}
            vectors = [by_index[n] for n in range(count)]
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise EmbeddingFailed(Trouble.MALFORMED) from None
        return checked(vectors, self.dim)


def _pause(answer: httpx.Response, attempt: int) -> float:
    said = answer.headers.get("retry-after", "")
    wanted = float(said) if said.isdigit() else PAUSE_SECONDS * attempt
    return min(wanted, RETRY_AFTER_MAX_SECONDS)
