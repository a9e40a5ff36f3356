"""A re-ranker learnt from feedback (重排): logistic regression over the features of a match. Pure.

It is used only while it is better than the blend on feedback that it has not seen.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from techmarket.matching.index.columns import NO_PRICE, ROW, Columns, Ints

FEATURES = (
    "words",
    "meaning",
    "coverage",
    "same_field",
    "same_industry",
    "same_region",
    "mode",
    "budget",
    "maturity",
)
"""z-score of words, z-score of likeness, share of the query's weight that hit, then facts: 1 yes, -1 no, 0 unknown."""
PENALTY = 1.0
STEPS_MAX = 50
FEEDBACK_MIN = 100
HELD_OUT_GROUPS_MIN = 10
LEARNT_ORGS_MIN, HELD_OUT_ORGS_MIN = 10, 5
JUDGED_EACH_MAX = 40
HELD_OUT_TENTHS = 3
RESAMPLES = 500
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reranker:
    """Weights over standardised features; the score is a log-odds."""

    name: str
    weights: tuple[float, ...]
    bias: float
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def score(self, features: Sequence[float]) -> float:
        total = self.bias
        for weight, value, mean, deviation in zip(self.weights, features, self.means, self.deviations, strict=True):
            total += weight * (value - mean) / deviation
        return total

    def said(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "features": list(FEATURES),
            "weights": list(self.weights),
            "bias": self.bias,
            "means": list(self.means),
            "deviations": list(self.deviations),
        }

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Reranker:
        return cls(
            said["name"],
            tuple(said["weights"]),
            said["bias"],
            tuple(said["means"]),
            tuple(said["deviations"]),
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """One match: who judged it, of which listing, how it looked, what the blend gave, and whether it was wanted."""

    org: UUID
    group: UUID
    features: tuple[float, ...]
    blend: float
    is_wanted: bool


def facts_features(columns: Columns, at: Ints, own: npt.NDArray[np.void], *, is_demand: bool) -> Floats:
    """The features that facts make, for each document: field, industry, region, mode, budget, maturity."""
    mine = {name: own[name].item() for name in ROW.names or ()}

    def same(name: str, step: int) -> Floats:
        theirs, wanted = columns[name][at] // step, mine[name] // step
        known = (theirs != 0) & (wanted != 0)
        return np.where(known, np.where(theirs == wanted, 1.0, -1.0), 0.0)

    price, trl = columns["price"][at], columns["trl"][at]
    fits_price = price <= mine["price"] if is_demand else price >= mine["price"]
    fits_trl = trl >= mine["trl"] if is_demand else trl <= mine["trl"]
    modes = columns["modes"][at]
    known_modes = (modes != 0) & (mine["modes"] != 0)
    known_price = (price != NO_PRICE) & (mine["price"] != NO_PRICE)
    known_trl = (trl != 0) & (mine["trl"] != 0)
    return np.stack(
        [
            same("field", 1),
            same("industry", 100),
            same("region", 10_000),
            np.where(known_modes, np.where((modes & mine["modes"]) != 0, 1.0, -1.0), 0.0),
            np.where(known_price, np.where(fits_price, 1.0, -1.0), 0.0),
            np.where(known_trl, np.where(fits_trl, 1.0, -1.0), 0.0),
        ],
        axis=1,
    )


def fit(judged: Sequence[Judged]) -> Reranker:
    """Logistic regression by Newton's method with an L2 penalty; the same feedback always gives the same weights."""
    rows = np.array([one.features for one in judged], np.float64)
    wanted = np.array([one.is_wanted for one in judged], np.float64)
    means, deviations = rows.mean(axis=0), rows.std(axis=0)
    deviations[deviations < 1e-9] = 1.0
    inputs = np.hstack([(rows - means) / deviations, np.ones((len(rows), 1))])
    penalty = np.diag([PENALTY] * rows.shape[1] + [1e-6])
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS_MAX):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (wanted - chance) - penalty @ weights
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + penalty
        step = np.linalg.solve(curve, slope)
        weights += step
        if float(np.abs(step).max()) < 1e-9:
            break
    rounded = [round(float(weight), 9) for weight in weights]
    name = hashlib.sha256(repr((rounded, means.tolist(), deviations.tolist())).encode()).hexdigest()[:16]
    return Reranker(
        f"logistic-{name}", tuple(rounded[:-1]), rounded[-1], tuple(means.tolist()), tuple(deviations.tolist())
    )


def is_held_out(org: UUID) -> bool:
    """Three organisations in ten are kept for the check, always the same ones."""
    return hashlib.sha256(org.bytes).digest()[0] % 10 < HELD_OUT_TENTHS


def bounded(judged: Sequence[Judged]) -> list[Judged]:
    """The first so many of each organisation: nobody trains the ranking of all by himself."""
    seen: Counter[UUID] = Counter()
    kept = []
    for one in judged:
        seen[one.org] += 1
        if seen[one.org] <= JUDGED_EACH_MAX:
            kept.append(one)
    return kept


@dataclass(frozen=True, slots=True)
class Trial:
    """What the check found: mean nDCG of blend and re-ranker on listings kept out, and whether it may be used."""

    groups: int
    blend: float
    reranked: float
    gain_least: float
    is_better: bool


def trial(judged: Sequence[Judged]) -> tuple[Reranker | None, Trial]:
    """Learn from what seven tenths of the organisations said and compare on what the others did; the newest come first.

    Better means: in 19 of 20 resamplings of the listings. A listing with one kind of judgement tells nothing.
    """
    judged = bounded(judged)
    learnt = [one for one in judged if not is_held_out(one.org)]
    groups: dict[UUID, list[Judged]] = {}
    for one in judged:
        if is_held_out(one.org):
            groups.setdefault(one.group, []).append(one)
    orgs = [len({one.org for one in judged if is_held_out(one.org) is held_out}) for held_out in (False, True)]
    telling = [some for some in groups.values() if len({one.is_wanted for one in some}) == 2]
    kinds = {one.is_wanted for one in learnt}
    is_little = len(judged) < FEEDBACK_MIN or len(telling) < HELD_OUT_GROUPS_MIN
    if is_little or len(kinds) < 2 or orgs[0] < LEARNT_ORGS_MIN or orgs[1] < HELD_OUT_ORGS_MIN:
        return None, Trial(len(telling), 0.0, 0.0, 0.0, False)
    model = fit(learnt)
    before = np.array([ndcg([one.is_wanted for one in _ranked(some, lambda j: j.blend)]) for some in telling])
    after = np.array(
        [ndcg([one.is_wanted for one in _ranked(some, lambda j: model.score(j.features))]) for some in telling]
    )
    gains = after - before
    drawn = np.random.default_rng(20260101).integers(len(gains), size=(RESAMPLES, len(gains)))
    least = float(np.quantile(gains[drawn].mean(axis=1), 0.05))
    found = Trial(len(telling), float(before.mean()), float(after.mean()), least, least > 0)
    return model, found


def _ranked(some: Sequence[Judged], key: Any) -> list[Judged]:
    return sorted(some, key=lambda one: (-key(one), one.features))


def ndcg(wanted: Sequence[bool], depth: int = 10) -> float:
    """Normalised discounted cumulative gain of a list of judgements in their order."""
    gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(wanted[:depth]) if hit)
    best = sum(1 / math.log2(place + 2) for place in range(min(depth, sum(wanted))))
    return gain / best if best else 0.0
