"""What happened in matching: ids and verdicts only, never a word of a text or a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class MatchJudged(Event):
    """Somebody said of a match of its listing whether it is of interest; not of which one."""

    kind: ClassVar[str] = "matching.match_judged"
    listing_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class RerankerTrained(Event):
    kind: ClassVar[str] = "matching.reranker_trained"
    match_model_id: UUID
    is_active: bool
    feedback_count: int
    held_out: int


@dataclass(frozen=True)
class ProfileChanged(Event):
    kind: ClassVar[str] = "matching.profile_changed"
    person_id: UUID
    is_listed: bool


@dataclass(frozen=True)
class SearchSaved(Event):
    kind: ClassVar[str] = "matching.search_saved"
    saved_search_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class SearchEnded(Event):
    kind: ClassVar[str] = "matching.search_ended"
    saved_search_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class AlertsTold(Event):
    """Its owner has so many new alerts to read."""

    kind: ClassVar[str] = "matching.alerts_told"
    saved_search_id: UUID
    organisation_id: UUID
    count: int


@dataclass(frozen=True)
class BlindConsentChanged(Event):
    kind: ClassVar[str] = "matching.blind_consent_changed"
    listing_id: UUID
    agrees: bool


@dataclass(frozen=True)
class BlindMatchFound(Event):
    """Told to the two owners alone, to each by an entry of his own; the public log has its hash."""

    kind: ClassVar[str] = "matching.blind_match_found"
    offer_id: UUID
    demand_id: UUID
    organisation_id: UUID
