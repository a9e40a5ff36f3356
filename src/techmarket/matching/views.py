"""What matching shows: a view of the listing as its own room cuts it, and why it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.identity.views import QualificationHeld
from techmarket.listings.views import ListingView
from techmarket.matching.fitting import Fit
from techmarket.matching.highlighting import Highlight
from techmarket.matching.index.scoring import Filters, Sort
from techmarket.matching.replaying import Keepable

__all__ = [
    "AlertView",
    "AnswerView",
    "Delivery",
    "FeedbackView",
    "Filters",
    "FoundView",
    "MatchPage",
    "MatchView",
    "PeoplePage",
    "PersonMatchView",
    "ProfileView",
    "Reason",
    "SavedSearchView",
    "SearchPage",
    "Sort",
    "TermPart",
    "Verdict",
]


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
    constraints: Mapping[str, Fit]
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """`total` counts every listing that holds one of the words and fits the filters; `facets` only when asked for.

    `corrected` names words that nobody uses and the ones taken in their place; `left_out` words too common to take
    part; `number` the number of a right that was looked up instead of words. `meaning` says whether the embedder took
    part: NONE, USED, or what kept it from doing so. `grants_left_out`: the reader holds more grants than take part.
    `kept` is the answer as it is to be kept, if it is. `ids` are all that it was made of, and `signs`, where they were
    asked for, what tells whether it would be the same now.
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
    kept: Keepable | None = field(default=None, compare=False)
    ids: tuple[UUID, ...] = field(default=(), compare=False)
    signs: tuple[Any, ...] | None = field(default=None, compare=False)
    grants_left_out: bool = False


@dataclass(frozen=True, slots=True)
class MatchPage:
    items: Sequence[MatchView]
    next_cursor: str | None
    total: int
    model: str
    answer: str | None
    meaning: str = "NONE"
    embedder: str | None = None
    reranker: str | None = None
    grants_left_out: bool = False


class Verdict(StrEnum):
    """What an organisation says of a match of its listing."""

    INTERESTED = "INTERESTED"
    NOT_RELEVANT = "NOT_RELEVANT"


class Reason(StrEnum):
    """Why a match is not relevant."""

    OTHER_FIELD = "OTHER_FIELD"
    OTHER_PROBLEM = "OTHER_PROBLEM"
    TOO_DEAR = "TOO_DEAR"
    NOT_MATURE = "NOT_MATURE"
    WRONG_MODE = "WRONG_MODE"
    KNOWN_ALREADY = "KNOWN_ALREADY"
    OTHER = "OTHER"


class Delivery(StrEnum):
    IMMEDIATE = "IMMEDIATE"
    DIGEST = "DIGEST"


@dataclass(frozen=True, slots=True)
class AnswerView:
    """A kept answer: `document` holds inputs and results; `is_same` says whether it comes out the same again."""

    id: str
    kind: str
    listing_id: UUID | None
    at: datetime
    document: Mapping[str, Any]
    is_same: bool
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedbackView:
    listing_id: UUID
    other_id: UUID
    verdict: Verdict
    reason: Reason | None
    note: str | None
    answer_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProfileView:
    person_id: UUID
    is_listed: bool
    statement_zh: str | None
    statement_en: str | None
    keywords: tuple[str, ...]
    region: str | None


@dataclass(frozen=True, slots=True)
class PersonMatchView:
    """A person who fits a listing: the name and profile he chose to show, and what he is qualified as today.

    `score` orders; `words` is the part of BM25, `meaning` that of the embedding (None without one).
    """

    profile: ProfileView
    name: str
    qualifications: tuple[QualificationHeld, ...]
    score: str
    terms: tuple[TermPart, ...]
    words: str
    meaning: str | None


@dataclass(frozen=True, slots=True)
class PeoplePage:
    items: Sequence[PersonMatchView]
    next_cursor: str | None
    total: int
    model: str
    answer: str | None
    meaning: str = "NONE"
    embedder: str | None = None


@dataclass(frozen=True, slots=True)
class SavedSearchView:
    """`token` ends the search without signing in."""

    id: UUID
    name: str
    query: str | None
    filters: Filters
    delivery: Delivery
    created_at: datetime
    token: str


@dataclass(frozen=True, slots=True)
class AlertView:
    """One listing that was told of: its number, the search, and the listing as the reader may see it now."""

    told: int
    search_id: UUID
    search_name: str
    found_at: datetime
    listing: ListingView
