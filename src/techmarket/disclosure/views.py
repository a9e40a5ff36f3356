"""What disclosure shows: already cut to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from techmarket.disclosure.lifecycle import GrantState, QuestionState
from techmarket.disclosure.tiers import Tier


@dataclass(frozen=True, slots=True)
class DocumentView:
    id: UUID
    subject: str
    folder: str
    name: str
    version: int
    tier: Tier
    sha256: str
    size: int
    media_type: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentReadView:
    document_id: UUID
    organisation_id: UUID | None
    person_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True)
class GrantView:
    id: UUID
    subject: str
    organisation_id: UUID
    tier: Tier
    basis: str
    until: datetime | None
    granted_at: datetime
    closed_at: datetime | None
    state: GrantState


@dataclass(frozen=True, slots=True)
class QuestionView:
    """Whoever asked is shown to nobody; only he himself sees which questions are his."""

    id: UUID
    subject: str
    text: str
    asked_at: datetime
    state: QuestionState
    answer: str | None
    answered_at: datetime | None
    is_mine: bool
