"""How good a ranking is (nDCG, recall, MRR at ten), and how sure that is. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

DEPTH = 10
RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean over queries with its 95 % confidence interval (bootstrap over queries)."""

    mean: float
    low: float
    high: float

    def rounded(self) -> list[float]:
        """Mean, lower and upper end."""
        return [round(one, 4) for one in (self.mean, self.low, self.high)]

    def said(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def ndcg(ranked: Sequence[str], relevant: Collection[str], depth: int = DEPTH) -> float:
    gain = sum(1 / math.log2(place + 2) for place, one in enumerate(ranked[:depth]) if one in relevant)
    best = sum(1 / math.log2(place + 2) for place in range(min(depth, len(relevant))))
    return gain / best if best else 0.0


def recall(ranked: Sequence[str], relevant: Collection[str], depth: int = DEPTH) -> float:
    return len(set(ranked[:depth]) & set(relevant)) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], relevant: Collection[str], depth: int = DEPTH) -> float:
    return next((1 / place for place, one in enumerate(ranked[:depth], 1) if one in relevant), 0.0)


def measure(answers: Mapping[str, Sequence[str]], wanted: Mapping[str, Collection[str]]) -> dict[str, Measured]:
    """The three measures over all queries; a query without an answer counts as 0."""
    rows = np.array(
        [
            [of(answers.get(query, ()), relevant) for of in (ndcg, recall, reciprocal_rank)]
            for query, relevant in sorted(wanted.items())
        ]
    )
    drawn = np.random.default_rng(7).integers(len(rows), size=(RESAMPLES, len(rows)))
    means = rows[drawn].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    names = ("ndcg_10", "recall_10", "mrr_10")
    return {name: Measured(float(rows[:, n].mean()), float(low[n]), float(high[n])) for n, name in enumerate(names)}
