"""How the score of words and the likeness of meaning become one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CANDIDATES = 100
"""So many of the best by words and so many of the nearest by meaning are blended."""
IN_FRONT = 1 << 50
"""Keys of judged candidates lie above every score of words."""
SAME_SCRIPT = 0.5
OTHER_SCRIPT = 0.9
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and deviation of a score over the candidates of one answer; kept, so that the answer can be replayed."""

    mean: float
    deviation: float

    def z(self, value: float) -> float:
        return (value - self.mean) / self.deviation if self.deviation > 0 else 0.0


def spread(values: Sequence[float]) -> Spread:
    held = np.array(values, np.float64)
    return Spread(float(held.mean()), float(held.std())) if len(held) else Spread(0.0, 0.0)


def share_of_meaning(query_scripts: int, scripts: int) -> float:
    """Half and half in the same script; where query and text share none, shared words mislead: nine parts meaning."""
    return SAME_SCRIPT if not query_scripts or not scripts or query_scripts & scripts else OTHER_SCRIPT


def blended(words: float, likeness: float | None, share: float, of_words: Spread, of_meaning: Spread) -> float:
    """z-scores of both, weighed; a text without a vector counts as of average likeness."""
    meaning = 0.0 if likeness is None else of_meaning.z(likeness)
    return (1 - share) * of_words.z(words) + share * meaning
