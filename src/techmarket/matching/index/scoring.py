"""BM25 over postings, and what is picked of the scored: filters, order, counts. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from techmarket.matching.index.blocks import Posting
from techmarket.matching.index.columns import KINDS, MODES, NO_PRICE, Columns, Ints, Mask, id_pair

K1 = 1.2
B = 0.75
POSTINGS_MAX = 300_000
"""How many postings one query may read. What is above it are its commonest terms, which tell least."""
MICRO = 1_000_000
Scores = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Sort(StrEnum):
    RELEVANCE = "RELEVANCE"
    NEWEST = "NEWEST"
    PRICE_UP = "PRICE_UP"
    PRICE_DOWN = "PRICE_DOWN"


@dataclass(frozen=True, slots=True)
class Collected:
    """What a space says of itself: how many documents it holds, and how long one is on average."""

    documents: int
    average: float


@dataclass(frozen=True, slots=True)
class Known:
    """A term of the query that stands in the space's dictionary."""

    id: int
    term: str
    weight: int
    df: int


def affordable(known: Sequence[Known], *, most: int = POSTINGS_MAX) -> tuple[list[Known], list[Known]]:
    """The rarest terms, as long as their postings are few enough to read; the rest is left out and told.

    The rarest one always takes part. The order is by rarity, then by spelling, whatever order they were asked in.
    """
    ranked = sorted(known, key=lambda one: (one.df, one.term))
    taken, total = 0, 0
    for one in ranked:
        total += one.df
        if taken and total > most:
            break
        taken += 1
    return ranked[:taken], ranked[taken:]


def idf(df: int, documents: int) -> float:
    return math.log(1 + (max(documents - df, 0) + 0.5) / (df + 0.5))


def part(tf: float, length: float, average: float) -> float:
    """How much of its weight a term gives that stands `tf` times in a text of this length."""
    return tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / average))


def bm25(postings: Sequence[Posting], columns: Columns, about: Collected) -> tuple[Ints, Scores]:
    """The living documents in which a term stands, in ascending order, and the score of each in millionths.

    A document's sum runs in the order of the terms, whichever way is taken, so that equal is equal.
    """
    lengths = columns["length"]
    parts = []
    for one in postings:
        # A document that this look does not know yet was written by a later one.
        at = one.documents[: int(np.searchsorted(one.documents, columns.size))]
        times = one.times[: len(at)].astype(np.float64)
        norm = lengths[at] * (K1 * B / about.average) + K1 * (1 - B)
        parts.append((at, (one.weight * idf(one.df, about.documents) * (K1 + 1)) * (times / (times + norm))))
    is_few = sum(len(at) for at, _ in parts) < columns.size // 8
    at, sums = _summed_by_few(parts) if is_few else _summed(parts, columns)
    alive = columns["alive"][at] != 0
    at, scores = at[alive].astype(np.int32), np.rint(sums[alive] * MICRO).astype(np.int64)
    return at[scores > 0], scores[scores > 0]


def _summed(parts: Sequence[tuple[Ints, Floats]], columns: Columns) -> tuple[Ints, Floats]:
    sums = np.zeros(columns.size)
    for at, gave in parts:
        sums[at] += gave
    found = np.flatnonzero(sums).astype(np.int32)
    return found, sums[found]


def _summed_by_few(parts: Sequence[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    """The same without a pass over all documents."""
    if not parts:
        return np.zeros(0, np.int32), np.zeros(0)
    found, place = np.unique(np.concatenate([at for at, _ in parts]), return_inverse=True)
    return found.astype(np.int32), np.bincount(place, weights=np.concatenate([gave for _, gave in parts])).astype(
        np.float64
    )


# --- filters --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is narrowed to. Codes of region and industry name everything below them."""

    kind: Any = None
    technology_field: str | None = None
    region: str | None = None
    mode: str | None = None
    price_minor_max: int | None = None
    price_minor_min: int | None = None
    industry: str | None = None
    trl_min: int | None = None
    right_kind: int | None = None


def said_of(filters: Filters) -> dict[str, Any]:
    """The filters that are set, as JSON values."""
    return {name: getattr(filters, name) for name in Filters.__slots__ if getattr(filters, name) is not None}


Test = Callable[[Columns, Ints], Mask]


def tests_of(filters: Filters) -> dict[str, Test]:
    """One test for each thing that is filtered by, over the columns of the given documents."""
    tests: dict[str, Test] = {}
    if filters.kind is not None:
        kind = KINDS.index(filters.kind)
        tests["kind"] = lambda held, at: held["kind"][at] == kind
    if filters.technology_field is not None:
        field = int(filters.technology_field)
        tests["technology_field"] = lambda held, at: held["field"][at] == field
    if filters.mode is not None:
        bit = 1 << MODES.index(filters.mode)
        tests["mode"] = lambda held, at: (held["modes"][at] & bit) != 0
    if filters.region is not None:
        tests["region"] = _below("region", int(filters.region), 10 ** (6 - len(filters.region)))
    if filters.industry is not None:
        code = filters.industry
        number = (ord(code[0]) - 64) * 10 ** (len(code) - 1) + int(code[1:] or 0)
        tests["industry"] = _below("industry", number, 10 ** (5 - len(code)))
    if filters.price_minor_max is not None or filters.price_minor_min is not None:
        tests["price"] = _between(filters.price_minor_min or 0, filters.price_minor_max)
    if filters.trl_min is not None:
        least = filters.trl_min
        tests["trl"] = lambda held, at: held["trl"][at] >= least
    if filters.right_kind is not None:
        right = filters.right_kind
        tests["rights"] = lambda held, at: (held["rights"][at] & right) != 0
    return tests


def _below(name: str, number: int, step: int) -> Test:
    return lambda held, at: held[name][at] // step == number


def _between(least: int, most: int | None) -> Test:
    def test(held: Columns, at: Ints) -> Mask:
        price = held["price"][at]
        fits = price >= max(least, NO_PRICE + 1)
        return fits if most is None else fits & (price <= most)

    return test


def fitting(columns: Columns, at: Ints, tests: dict[str, Test], *, but: str | None = None) -> Mask:
    mask: Mask = np.ones(len(at), np.bool_)
    for name, test in tests.items():
        if name != but:
            mask &= test(columns, at)
    return mask


# --- picking --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Picked:
    """One result: the number it is ordered by, its id, its document number and its score."""

    key: int
    id: UUID
    document: int
    score: int


def sort_keys(columns: Columns, at: Ints, scores: Scores, sort: Sort) -> npt.NDArray[np.int64]:
    """The number to order by, largest first. Without a price a listing comes last either way."""
    if sort is Sort.RELEVANCE:
        return scores
    if sort is Sort.NEWEST:
        return columns["published"][at].astype(np.int64)
    price = columns["price"][at].astype(np.int64)
    return price if sort is Sort.PRICE_DOWN else np.where(price < 0, np.iinfo(np.int64).min, -price)


def first(
    columns: Columns,
    at: Ints,
    keys: npt.NDArray[np.int64],
    scores: Scores,
    *,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[Picked]:
    """The first `limit` behind `after`, by key and then by id, both largest first."""
    if after is not None:
        key, (high, low) = after[0], id_pair(after[1])
        highs, lows = columns["high"][at], columns["low"][at]
        behind = (keys < key) | ((keys == key) & ((highs < high) | ((highs == high) & (lows < low))))
        at, keys, scores = at[behind], keys[behind], scores[behind]
    if len(at) > limit:
        # All that tie with the last one stay in, so that the ids decide among them.
        least = np.partition(keys, len(keys) - limit)[len(keys) - limit]
        among = keys >= least
        at, keys, scores = at[among], keys[among], scores[among]
    order = np.lexsort((columns["low"][at], columns["high"][at], keys))[::-1][:limit]
    ids = columns.ids(at[order])
    return [
        Picked(int(keys[place]), id, int(at[place]), int(scores[place]))
        for place, id in zip(order.tolist(), ids, strict=True)
    ]


def which_hit(postings: Sequence[Posting], documents: Sequence[int], columns: Columns, about: Collected) -> Any:
    """For each document the terms that stand in it, each with its times and what it gave: [(term, times, gave)]."""
    found: list[list[tuple[str, int, float]]] = [[] for _ in documents]
    wanted = np.array(documents, np.int32)
    lengths = columns["length"]
    for one in postings:
        places = np.searchsorted(one.documents, wanted)
        for index, (place, document) in enumerate(zip(places.tolist(), documents, strict=True)):
            if place < len(one.documents) and one.documents[place] == document:
                times = int(one.times[place])
                gave = one.weight * idf(one.df, about.documents) * part(times, int(lengths[document]), about.average)
                found[index].append((one.term, times, gave))
    return found


# --- counts ---------------------------------------------------------------------------------------------------------

FACET_VALUES_MAX = 30


def facets(columns: Columns, at: Ints, tests: dict[str, Test]) -> dict[str, dict[str, int]]:
    """How many results each value would leave, were it the one chosen: its own filter does not narrow it."""
    return {
        "kind": _counts(
            columns["kind"][at[fitting(columns, at, tests, but="kind")]], lambda n: KINDS[n].value, len(KINDS)
        ),
        "technology_field": _counts(
            columns["field"][at[fitting(columns, at, tests, but="technology_field")]], lambda n: f"{n:02d}", 100
        ),
        "mode": _mode_counts(columns["modes"][at[fitting(columns, at, tests, but="mode")]]),
        "region": _counts(
            columns["region"][at[fitting(columns, at, tests, but="region")]] // 10_000,
            lambda n: f"{n:02d}",
            100,
        ),
        "industry": _counts(
            columns["industry"][at[fitting(columns, at, tests, but="industry")]] // 10_000,
            lambda n: chr(64 + n),
            27,
        ),
        "trl": _counts(columns["trl"][at[fitting(columns, at, tests, but="trl")]], str, 10),
    }


def _counts(values: Any, name: Callable[[int], str], below: int) -> dict[str, int]:
    counted = np.bincount(values, minlength=1)[:below] if len(values) else np.zeros(0, np.int64)
    first_value = 0 if below == len(KINDS) else 1
    pairs = [(name(n), int(counted[n])) for n in range(first_value, len(counted)) if counted[n]]
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:FACET_VALUES_MAX])


def _mode_counts(masks: Any) -> dict[str, int]:
    pairs = [(mode.value, int(np.count_nonzero(masks & (1 << n)))) for n, mode in enumerate(MODES)]
    return dict(sorted((pair for pair in pairs if pair[1]), key=lambda pair: (-pair[1], pair[0])))
