"""BM25 over postings, and what is picked of the scored: filters, order, counts. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from techmarket.matching.index.blocks import Posting
from techmarket.matching.index.columns import KINDS, MODES, Columns, Ints, Mask, id_pair, org_number

K1 = 1.2
B = 0.75
POSTINGS_MAX = 500_000
"""How many postings one query may read. What is above it are its commonest terms, which tell least."""
SCORED_MAX = 600
"""So many terms of one query are scored: of a text of 100,000 characters the rarest."""
FEW = 16
"""Fewer postings than a sixteenth of all documents are summed without a pass over all of them."""
PIECE = 16_384
"""Postings that are worked on at once: their numbers stay in the processor's cache."""
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
    """The rarest terms, as long as they and their postings are few enough to read; the rest is left out and told.

    The rarest one always takes part. The order is by rarity, then by spelling, whatever order they were asked in.
    """
    ranked = sorted(known, key=lambda one: (one.df, one.term))
    taken, total = 0, 0
    for one in ranked[:SCORED_MAX]:
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
    # A document that this look does not know yet was written by a later one, and is cut off.
    found = [(one, one.documents[: int(np.searchsorted(one.documents, columns.size))]) for one in postings]
    count = sum(len(documents) for _, documents in found)
    if not count:
        return np.zeros(0, np.int32), np.zeros(0, np.int64)
    if count < columns.size // FEW:
        at, sums = _summed_by_few(found, columns, about)
        living = chosen(columns["alive"][at] != 0)
        at, sums = at[living], sums[living]
    else:
        at, sums = _summed(found, columns, about)
    scores = np.rint(sums * MICRO).astype(np.int64)
    if len(scores) and not scores.min():
        counted = np.flatnonzero(scores)
        at, scores = at[counted], scores[counted]
    return at, scores


def _summed(found: Sequence[tuple[Posting, Ints]], columns: Columns, about: Collected) -> tuple[Ints, Floats]:
    """One number for each document of the space, to which every term adds: the living ones that got something."""
    sums, lengths = np.zeros(columns.size, np.float64), columns["length"]
    for one, documents in found:
        weight = _weight(one, about)
        for start in range(0, len(documents), PIECE):
            at = documents[start : start + PIECE].astype(np.intp)
            gave = one.times[start : start + len(at)].astype(np.float64)
            gave /= _norms(lengths.take(at), about) + gave
            gave *= weight
            gave += sums.take(at)
            sums[at] = gave  # a term stands in a document once
    at = chosen((sums > 0) & (columns["alive"] != 0))
    return at.astype(np.int32), sums.take(at)


def _summed_by_few(found: Sequence[tuple[Posting, Ints]], columns: Columns, about: Collected) -> tuple[Ints, Floats]:
    """The same without a pass over all documents; the dead are among them."""
    sizes = [len(documents) for _, documents in found]
    documents = np.concatenate([documents for _, documents in found])
    times = np.concatenate([one.times[:size] for (one, _), size in zip(found, sizes, strict=True)]).astype(np.float64)
    gave = times / (_norms(columns["length"][documents], about) + times)
    gave *= np.repeat([_weight(one, about) for one, _ in found], sizes)
    at, place = np.unique(documents, return_inverse=True)
    return at.astype(np.int32), np.bincount(place, weights=gave).astype(np.float64)


def _weight(one: Posting, about: Collected) -> float:
    return one.weight * idf(one.df, about.documents) * (K1 + 1)


def _norms(lengths: npt.NDArray[Any], about: Collected) -> Floats:
    norms: Floats = lengths * (K1 * B / about.average) + K1 * (1 - B)
    return norms


# --- filters --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is narrowed to. Codes of region and industry name everything below them; a node (节点) names the
    organisations that belong to it, which whoever tests must know."""

    kind: Any = None
    technology_field: str | None = None
    region: str | None = None
    mode: str | None = None
    price_minor_max: int | None = None
    price_minor_min: int | None = None
    industry: str | None = None
    trl_min: int | None = None
    right_kind: int | None = None
    node: str | None = None


def said_of(filters: Filters) -> dict[str, Any]:
    """The filters that are set, as JSON values."""
    return {name: getattr(filters, name) for name in Filters.__slots__ if getattr(filters, name) is not None}


At = Ints | slice
"""Documents by number, or a stretch of all there are, which costs no taking of one by one."""
Test = Callable[[Columns, At], Mask]


def tests_of(filters: Filters, *, organisations: Iterable[UUID]) -> dict[str, Test]:
    """One test for each thing that is filtered by, over the columns of the given documents; `organisations` are those
    of the node."""
    tests: dict[str, Test] = {}
    if filters.node is not None:
        numbers = np.array([org_number(one) for one in organisations], np.uint64)
        tests["node"] = lambda held, at: np.isin(held["org"][at], numbers)
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
    def test(held: Columns, at: At) -> Mask:
        price = held["price"][at]
        fits = price >= least  # what states no price lies below nought
        return fits if most is None else fits & (price <= most)

    return test


def chosen(mask: Mask) -> npt.NDArray[np.intp]:
    """The places where a mask holds: to take by these costs a tenth of taking by the mask, which guesses each time."""
    return np.flatnonzero(mask)


def fitting(columns: Columns, at: Ints, tests: dict[str, Test]) -> Mask:
    return _all_of({name: test(columns, at) for name, test in tests.items()}, len(at))


def all_fitting(columns: Columns, tests: Mapping[str, Test]) -> Mask:
    """Which of all documents fit, by number."""
    return _all_of({name: test(columns, slice(None)) for name, test in tests.items()}, columns.size)


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
        behind = chosen((keys < key) | ((keys == key) & ((highs < high) | ((highs == high) & (lows < low)))))
        at, keys, scores = at[behind], keys[behind], scores[behind]
    if len(at) > limit:
        # All that tie with the last one stay in, so that the ids decide among them.
        least = np.partition(keys, len(keys) - limit)[len(keys) - limit]
        among = chosen(keys >= least)
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
    lengths = columns["length"][wanted].tolist()
    for one in postings:
        if not len(one.documents):
            continue
        places = np.minimum(np.searchsorted(one.documents, wanted), len(one.documents) - 1)
        weight = one.weight * idf(one.df, about.documents)
        for index in np.flatnonzero(one.documents[places] == wanted).tolist():
            times = int(one.times[places[index]])
            found[index].append((one.term, times, weight * part(times, lengths[index], about.average)))
    return found


# --- counts ---------------------------------------------------------------------------------------------------------

FACET_VALUES_MAX = 40


def facets(columns: Columns, at: Ints, tests: dict[str, Test]) -> dict[str, dict[str, int]]:
    """How many results each value would leave, were it the one chosen: its own filter does not narrow it."""
    masks = {name: test(columns, at) for name, test in tests.items()}
    of_all = at[chosen(_all_of(masks, len(at)))]

    def counted(name: str, column: str) -> npt.NDArray[np.int64]:
        some = of_all
        if name in masks:
            some = at[chosen(_all_of({other: mask for other, mask in masks.items() if other != name}, len(at)))]
        return np.bincount(columns[column][some], minlength=256)

    return {
        "kind": _said(enumerate(counted("kind", "kind")[: len(KINDS)].tolist()), lambda n: KINDS[n].value),
        "technology_field": _said(_stated(counted("technology_field", "field"), 100), lambda n: f"{n:02d}"),
        "mode": _said(_bits(counted("mode", "modes")), lambda n: MODES[n].value),
        "region": _said(_stated(counted("region", "province"), 100), lambda n: f"{n:02d}"),
        "industry": _said(_stated(counted("industry", "section"), 27), lambda n: chr(64 + n)),
        "trl": _said(_stated(counted("trl", "trl"), 10), str),
    }


def _all_of(masks: dict[str, Mask], size: int) -> Mask:
    whole: Mask = np.ones(size, np.bool_)
    for mask in masks.values():
        whole &= mask
    return whole


def _stated(counted: npt.NDArray[np.int64], below: int) -> Iterator[tuple[int, int]]:
    """What is 0 was not stated."""
    return ((n, count) for n, count in enumerate(counted[:below].tolist()) if n)


def _bits(counted: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """How many hold each bit, from how many hold each mask."""
    masks = np.arange(len(counted))
    return ((n, int(counted[(masks >> n) & 1 != 0].sum())) for n in range(len(MODES)))


def _said(pairs: Iterable[tuple[int, int]], name: Callable[[int], str]) -> dict[str, int]:
    """The most frequent first; what does not occur is not told."""
    named = [(name(n), count) for n, count in pairs if count]
    return dict(sorted(named, key=lambda pair: (-pair[1], pair[0]))[:FACET_VALUES_MAX])
