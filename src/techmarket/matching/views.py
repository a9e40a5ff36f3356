"""What matching shows: a view of the listing as its own room cuts it, and why it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from techmarket.listings.views import ListingView
from techmarket.matching.fitting import Verdict
from techmarket.matching.highlighting import Highlight
from techmarket.matching.index.scoring import Filters, Sort

__all__ = ["Filters", "FoundView", "MatchPage", "MatchView", "SearchPage", "Sort", "TermPart"]


@dataclass(frozen=True, slots=True)
class TermPart:
    """One term that hit: how often it stands there by the weights of fields, and what it gave to the score."""

    term: str
    times: int
    gave: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundView:
    """One result. `score` is the sum of what its terms contribute; `terms` are the ones that hit, strongest first."""

    listing: ListingView
    score: str
    terms: tuple[str, ...]
    highlights: tuple[Highlight, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchView:
    """One match with everything that made it one.

    `score` orders; `words` is the part of BM25, `meaning` that of the embedding (None without one).
    """

    listing: ListingView
    score: str
    words: str
    meaning: str | None
    terms: tuple[TermPart, ...]
    constraints: Mapping[str, Verdict]
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """`total` counts every listing that holds one of the words and fits the filters; `facets` only when asked for.

    `corrected` names words that nobody uses and the ones taken in their place; `left_out` words too common to take
    part; `number` the number of a right that was looked up instead of words. `meaning` says whether the embedder took
    part: NONE, USED, or what kept it from doing so.
    """

    items: Sequence[FoundView]
    next_cursor: str | None
    total: int
    model: str
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    corrected: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    number: str | None = None
    meaning: str = "NONE"
    embedder: str | None = None


@dataclass(frozen=True, slots=True)
class MatchPage:
    items: Sequence[MatchView]
    next_cursor: str | None
    total: int
    model: str
    meaning: str = "NONE"
    embedder: str | None = None
