"""The best by words and the nearest by meaning, judged by both and by facts: who stands in front of everything else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.matching.index.blocks import Posting
from techmarket.matching.index.columns import Columns, Ints
from techmarket.matching.index.reading import Asked, Look
from techmarket.matching.index.scoring import MICRO, Scores, Test, all_fitting, first, fitting, idf
from techmarket.matching.meaning import vectors
from techmarket.matching.meaning.blending import CANDIDATES, IN_FRONT, Spread, blended, share_of_meaning, spread
from techmarket.matching.reranking import FEATURES, Floats, Reranker, facts_features


@dataclass(frozen=True, slots=True)
class Pile:
    """Documents that take part, with their scores: those of the space, or those that grants open."""

    columns: Columns
    at: Ints
    scores: Scores


@dataclass(frozen=True, slots=True)
class Meant:
    """What a query means: its vector by one embedder, and the scripts it is written in."""

    model: str
    dim: int
    vector: list[float]
    scripts: int


@dataclass(frozen=True, slots=True)
class Judging:
    """What candidates are judged by besides words: a meaning, the facts of the listing that asks, a re-ranker."""

    meant: Meant | None = None
    own: npt.NDArray[np.void] | None = None
    is_demand: bool = False
    reranker: Reranker | None = None

    @property
    def decides(self) -> bool:
        """Whether the order is another one than that of the words."""
        return self.meant is not None or self.reranker is not None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate: likeness (None without a vector), the share of meaning in its blend, features, and the score."""

    likeness: float | None
    share: float
    features: tuple[float, ...]
    blend: float
    score: float


@dataclass(frozen=True, slots=True)
class Judged:
    """The candidates by pile and document, what the z-scores rest on, and whether they decide the order."""

    of: Mapping[tuple[int, int], Candidate]
    words: Spread
    meaning: Spread
    decides: bool

    def keys(self, pile: int, at: Ints, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Candidates in front, in the order of their score."""
        if not self.decides:
            return keys
        out = keys.copy()
        numbers = sorted(number for of, number in self.of if of == pile)
        places = np.searchsorted(at, np.array(numbers, np.int32))
        out[places] = [IN_FRONT + round(self.of[pile, number].score * MICRO) for number in numbers]
        return out


async def judge(
    db: AsyncSession,
    look: Look,
    piles: Sequence[Pile],
    asked: Asked,
    by: Judging,
    *,
    tests: Mapping[str, Test],
    apart: Collection[int],
    twins: Mapping[int, int],
) -> tuple[Judged, list[Pile]]:
    """The candidates of one query, and the piles with those that no word found.

    A document that was found by words alone is compared too; one that was found by meaning alone has 0 for its words.
    What stands `apart` of the space takes no part; but who holds a grant finds a listing by meaning as before: `twins`
    names, for its document in the space, its place among the granted.
    """
    best = [one.document for one in first(*_by_words(piles[0]), after=None, limit=CANDIDATES)]
    likeness: dict[int, float] = {}
    nearest: list[int] = []
    if by.meant is not None:
        granted = [*twins] if len(piles) > 1 else []
        among = _Among(look.columns, tests, apart, granted)
        likeness, nearest = await _near(db, look, by.meant, [*best, *granted], among)
    of_granted = {place: number for number, place in twins.items()}
    opened = [twins[number] for number in nearest if number in twins]
    if opened:
        places = np.array(opened, np.int32)
        opened = places[fitting(piles[1].columns, places, dict(tests))].tolist()
    grown = [with_more(piles[0], [number for number in nearest if number not in twins])]
    grown += [with_more(pile, opened) for pile in piles[1:]]
    chosen = [np.array(sorted({*best, *(n for n in nearest if n not in twins)}), np.int32)]
    chosen += [pile.at for pile in grown[1:]]
    words = [
        pile.scores[np.searchsorted(pile.at, numbers)] / MICRO for pile, numbers in zip(grown, chosen, strict=True)
    ]
    of_words = spread(words[0].tolist())
    of_meaning = spread([likeness[n] for n in chosen[0].tolist() if n in likeness])
    out: dict[tuple[int, int], Candidate] = {}
    for index, (pile, numbers) in enumerate(zip(grown, chosen, strict=True)):
        in_space = [of_granted.get(n) if index else n for n in numbers.tolist()]
        like = [None if n is None else likeness.get(n) for n in in_space]
        coverage = _coverage(asked.postings, look, numbers) if index == 0 else np.zeros(len(numbers))
        judged = _candidates(pile, numbers, words[index], like, coverage, by, of_words, of_meaning)
        out |= {(index, number): one for number, one in zip(numbers.tolist(), judged, strict=True)}
    return Judged(out, of_words, of_meaning, by.decides), grown


def _by_words(pile: Pile) -> tuple[Columns, Ints, Scores, Scores]:
    return pile.columns, pile.at, pile.scores, pile.scores


class _Among:
    """The living documents that fit, without those that stand apart but for the granted."""

    def __init__(
        self, columns: Columns, tests: Mapping[str, Test], apart: Collection[int], granted: Sequence[int]
    ) -> None:
        mask = all_fitting(columns, tests) & (columns["alive"] != 0)
        mask[list(apart)] = False
        mask[list(granted)] = True
        self._mask = mask
        self.size = len(mask)
        self.count = int(np.count_nonzero(mask))

    def documents(self) -> list[int]:
        return np.flatnonzero(self._mask).tolist()

    def bits(self) -> bytes:
        return np.packbits(self._mask, bitorder="little").tobytes()


async def _near(
    db: AsyncSession, look: Look, meant: Meant, wanted: Sequence[int], among: _Among
) -> tuple[dict[int, float], list[int]]:
    """The nearest of those that take part, and the likeness of these and of all that are wanted."""
    progress = (await vectors.progress(db, [meant.model], look.space)).get(meant.model)
    near = await vectors.nearest(
        db,
        meant.model,
        meant.dim,
        look.space,
        meant.vector,
        among=among,
        count=CANDIDATES,
        is_indexed=progress is not None and progress.is_indexed,
    )
    likeness = dict(near)
    missing = look.columns.ids([n for n in wanted if n not in likeness])
    if missing:
        likeness |= await vectors.likeness_of(db, meant.model, meant.dim, look.space, meant.vector, missing)
    return likeness, [number for number, _ in near]


def _candidates(
    pile: Pile,
    numbers: Ints,
    words: Floats,
    likeness: Sequence[float | None],
    coverage: Floats,
    by: Judging,
    of_words: Spread,
    of_meaning: Spread,
) -> list[Candidate]:
    written = pile.columns["scripts"][numbers].tolist()
    facts = np.zeros((len(numbers), len(FEATURES) - 3))
    if by.own is not None:
        facts = facts_features(pile.columns, numbers, by.own, is_demand=by.is_demand)
    out = []
    for place, scripts in enumerate(written):
        share = share_of_meaning(by.meant.scripts, scripts) if by.meant is not None else 0.0
        value, said = likeness[place], float(words[place])
        blend = blended(said, value, share, of_words, of_meaning)
        z_meaning = 0.0 if value is None else of_meaning.z(value)
        features = (of_words.z(said), z_meaning, float(coverage[place]), *facts[place].tolist())
        score = blend if by.reranker is None else by.reranker.score(features)
        out.append(Candidate(value, share, features, blend, score))
    return out


def _coverage(postings: Sequence[Posting], look: Look, numbers: Ints) -> Floats:
    """Which share of the query's weight stands in each document."""
    total, found = 0.0, np.zeros(len(numbers))
    for one in postings:
        weight = one.weight * idf(one.df, look.about.documents)
        total += weight
        if len(one.documents):
            places = np.minimum(np.searchsorted(one.documents, numbers), len(one.documents) - 1)
            found += np.where(one.documents[places] == numbers, weight, 0.0)
    return found / total if total else found


def with_more(pile: Pile, numbers: Collection[int]) -> Pile:
    """The pile with those of these few documents that no word found, each with a score of 0, in ascending order."""
    if not numbers:
        return pile
    some = np.array(sorted(numbers), np.int32)
    places = np.searchsorted(pile.at, some)
    held = np.zeros(len(some), bool)
    if len(pile.at):
        held = pile.at[np.minimum(places, len(pile.at) - 1)] == some
    more, places = some[~held], places[~held]
    return Pile(pile.columns, np.insert(pile.at, places, more), np.insert(pile.scores, places, 0))
