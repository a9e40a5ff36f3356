"""Answers that can be replayed: what went in, what came out, and the arithmetic between them once more. Pure."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from techmarket.matching.index.scoring import MICRO, idf, part
from techmarket.matching.meaning.blending import IN_FRONT, Spread, blended
from techmarket.matching.reranking import Reranker


@dataclass(frozen=True, slots=True)
class Replay:
    """Whether every score and the order come out as they were answered; `differs` names the results that do not."""

    is_same: bool
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keepable:
    """An answer on its way to be kept: its name, who heard it, what went in and what came out."""

    id: str
    kind: str
    listing_id: UUID | None
    org_id: UUID
    document: Mapping[str, Any]

    def row(self) -> dict[str, Any]:
        shown = [result["id"] for result in self.document["results"]]
        return {name: getattr(self, name) for name in self.__slots__} | {"shown": shown}


def answer_id(document: Mapping[str, Any]) -> str:
    """The same answer to the same reader has the same name, however often it is given."""
    return hashlib.sha256(msgspec.json.encode(document, order="sorted")).hexdigest()[:32]


def exact(value: float | None) -> str | None:
    """A number as text that reads back to the same bits."""
    return None if value is None else repr(float(value))


def number(said: str | None) -> float | None:
    return None if said is None else float(said)


def replay(document: Mapping[str, Any]) -> Replay:
    """Compute every score of an answer again from its own inputs, and what orders it, and compare with the answer."""
    inputs: Mapping[str, Any] = document["inputs"]
    results: Sequence[Mapping[str, Any]] = document["results"]
    differs = [
        result["id"]
        for result in results
        if _score(inputs, result) != result["score"] or _key(inputs, result) != result["key"]
    ]
    keys = [(result["key"], result["id"]) for result in results]
    out_of_order = [later[1] for earlier, later in itertools.pairwise(keys) if earlier < later]
    return Replay(not differs and not out_of_order, tuple(dict.fromkeys([*differs, *out_of_order])))


def words_of(inputs: Mapping[str, Any], result: Mapping[str, Any]) -> int:
    """BM25 of one result in millionths, from the rarity of the terms and how often they stand in it."""
    documents, average = inputs["documents"], float(inputs["average"])
    total = 0.0
    for term, weight, df in inputs["terms"]:
        times = result["times"].get(term)
        if times:
            total += weight * idf(df, documents) * part(times, result["length"], average)
    return round(total * MICRO)


def _key(inputs: Mapping[str, Any], result: Mapping[str, Any]) -> int:
    """What a result is ordered by: where the best come first, its score, and candidates stand in front."""
    wishes = inputs.get("wishes")
    sort = wishes.get("sort") if isinstance(wishes, Mapping) else None
    if inputs.get("alike") is not None or sort not in (None, "RELEVANCE"):
        return int(result["key"])
    is_in_front = inputs["blend"] is not None and result["share"] is not None
    return int(result["score"]) + (IN_FRONT if is_in_front else 0)


def _score(inputs: Mapping[str, Any], result: Mapping[str, Any]) -> int:
    if inputs.get("alike") is not None:
        return int(inputs["alike"])
    words = words_of(inputs, result)
    if abs(words - result["words"]) > len(result["times"]):
        return -1  # each term is rounded for itself where a grant opened the text
    if inputs["blend"] is None or result["share"] is None:
        return int(result["words"])
    of_words, of_meaning = (Spread(float(a), float(b)) for a, b in inputs["blend"])
    likeness = number(result["likeness"])
    blend = blended(result["words"] / MICRO, likeness, float(result["share"]), of_words, of_meaning)
    if inputs["reranker"] is not None:
        features = [float(value) for value in result["features"]]
        if features[:2] != [of_words.z(result["words"] / MICRO), 0.0 if likeness is None else of_meaning.z(likeness)]:
            return -1
        return round(Reranker.read(inputs["reranker"]).score(features) * MICRO)
    return round(blend * MICRO)
