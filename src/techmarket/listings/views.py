"""What listings shows: frozen, cut to the tier that the reader reaches on this listing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec

from techmarket.disclosure.tiers import Tier
from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.kernel.refusals import wire
from techmarket.listings.lifecycle import ListingState, ScenarioListState
from techmarket.listings.rules import Decision, ListingKind, ReturnReason


@dataclass(frozen=True, slots=True)
class Dossier:
    """What only the owner and the market see: versions and reasons would tell a stranger of changes he may not see."""

    n: int
    sha256: str
    revision: int
    tiers: dict[str, str]
    returned_because: str | None
    engaged_by: str | None
    is_held: bool
    publish_at: datetime | None


@dataclass(frozen=True)
class ListingView:
    id: UUID
    kind: ListingKind
    state: ListingState
    organisation_id: UUID
    published_at: datetime | None
    expires_on: date | None
    reach: Tier
    terms: dict[str, Any]
    achievement_ids: tuple[UUID, ...]
    dossier: Dossier | None

    @cached_property
    def etag(self) -> str:
        """A hash of this reader's view, so that an edit he may not see does not show."""
        said = [getattr(self, name) for name in self.__dataclass_fields__]
        return sha256_hex(msgspec.json.encode(said, order="sorted"))[:32]


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One listing that waits for review: since when, what is new since it was accepted last, how often returned."""

    listing: ListingView
    submitted_at: datetime
    changed: tuple[str, ...]
    returned_times: int


@dataclass(frozen=True, slots=True)
class ReviewView:
    n: int
    decision: Decision
    reasons: tuple[ReturnReason, ...]
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version by number and by the hash of its whole text."""

    n: int
    sha256: str
    created_at: datetime


@dataclass(frozen=True)
class ScenarioListView:
    id: UUID
    organisation_id: UUID
    state: ScenarioListState
    title_zh: str | None
    title_en: str | None
    description_zh: str | None
    description_en: str | None
    region: str | None
    open_until: date | None
    is_open: bool
    published_at: datetime | None
    demands: tuple[ListingView, ...]

    @cached_property
    def etag(self) -> str:
        return sha256_hex(canonical_json(wire(asdict(self))))[:32]


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """What became of one listing in a review of many."""

    listing_id: UUID
    outcome: str
    code: str | None = None
    detail: str | None = None
