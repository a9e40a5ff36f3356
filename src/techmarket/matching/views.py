"""What matching shows: a view of the listing as its own room cuts it, and why it was found."""

from __future__ import annotations

from dataclasses import dataclass

from techmarket.listings.rules import ListingKind
from techmarket.listings.views import ListingView


@dataclass(frozen=True, slots=True)
class FoundView:
    """One result. `score` is the sum of what its terms contribute; `terms` are the ones that hit, strongest first."""

    listing: ListingView
    score: str
    terms: tuple[str, ...]
    shared: tuple[str, ...] = ()
    within_budget: bool | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is narrowed to, in the same statement that ranks."""

    kind: ListingKind | None = None
    technology_field: str | None = None
    region: str | None = None
    mode: str | None = None
    price_minor_max: int | None = None
