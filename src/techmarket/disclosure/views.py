"""What disclosure shows: already cut to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.disclosure.lifecycle import GrantState, NdaState, QuestionState, RequestState
from techmarket.disclosure.rules import ReadOutcome
from techmarket.disclosure.tiers import Tier


@dataclass(frozen=True, slots=True)
class DocumentView:
    """`is_open`: the reader may fetch it; if not, he only knows of it and may ask."""

    id: UUID
    subject: str
    folder: str
    name: str
    version: int
    tier: Tier
    sha256: str | None
    size: int
    media_type: str
    by_name: bool
    is_stamped: bool
    is_open: bool
    added_at: datetime
    withdrawn_at: datetime | None = None
    duplicate_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class AccessView:
    """One line of the access log, with the names as they stand today; `entry_id` is what a stamp says."""

    id: UUID
    at: datetime
    outcome: ReadOutcome
    document_id: UUID
    folder: str
    name: str
    version: int
    organisation_id: UUID | None
    organisation: str | None
    person_id: UUID | None
    person: str | None
    is_stamped: bool
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class NdaTextView:
    id: UUID
    organisation_id: UUID
    subject: str | None
    version: int
    text_sha256: str
    text: dict[str, Any]
    valid_days: int
    counter_signature: bool
    published_at: datetime
    binds_from: datetime | None


@dataclass(frozen=True, slots=True)
class NdaView:
    id: UUID
    nda_text_id: UUID
    text_sha256: str
    version: int
    subject: str
    owner_organisation_id: UUID
    organisation_id: UUID
    signing_id: UUID
    state: NdaState
    is_running: bool
    signed_at: datetime
    in_force_at: datetime | None
    until: datetime | None
    ended_at: datetime | None
    reason: str | None
    promise: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class GrantView:
    id: UUID
    subject: str
    folder: str | None
    document_id: UUID | None
    organisation_id: UUID
    person_id: UUID | None
    tier: Tier
    basis: str
    until: datetime | None
    granted_at: datetime
    closed_at: datetime | None
    state: GrantState


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request for access as both its sides see it; the names are those of today."""

    id: UUID
    subject: str
    organisation_id: UUID
    organisation: str
    person_id: UUID
    person: str
    purpose: str
    tier: Tier | None
    folders: tuple[str, ...]
    document_ids: tuple[UUID, ...]
    until: datetime
    asked_at: datetime
    state: RequestState
    decided_at: datetime | None
    reason: str | None
    granted_until: datetime | None


@dataclass(frozen=True, slots=True)
class QuestionView:
    """Whoever asked is shown to nobody; only he himself sees which questions are his."""

    id: UUID
    subject: str
    text: str
    asked_at: datetime
    state: QuestionState
    tier: Tier
    answer: str | None
    answered_at: datetime | None
    is_mine: bool
