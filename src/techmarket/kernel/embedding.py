"""What an embedder is (向量模型): text in, one vector of length 1 for each, or a named failure. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, Protocol

Purpose = Literal["query", "passage"]


class Trouble(StrEnum):
    """Why there are no vectors this time."""

    DOWN = "DOWN"
    SLOW = "SLOW"
    REFUSED = "REFUSED"
    MALFORMED = "MALFORMED"
    WRONG_DIMENSION = "WRONG_DIMENSION"
    NOT_FINITE = "NOT_FINITE"
    RESTING = "RESTING"


class EmbeddingFailed(Exception):
    """No vectors: the caller goes on from words alone and says so."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class Embedder(Protocol):
    """`name` names the vectors: another name means that everything is embedded anew."""

    name: str
    dim: int
    chars_max: int

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[list[float]]: ...
