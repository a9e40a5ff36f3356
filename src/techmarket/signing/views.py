"""What signing shows: ids and times; the names behind them are identity's to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from techmarket.signing.lifecycle import SigningState


@dataclass(frozen=True, slots=True)
class SignatureView:
    position: int
    person_id: UUID
    organisation_id: UUID
    method: str
    at: datetime
    document_sha256: str
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class SignatoryView:
    position: int
    organisation_id: UUID
    person_id: UUID | None
    role: str
    signature: SignatureView | None


@dataclass(frozen=True, slots=True)
class SigningView:
    id: UUID
    document_sha256: str
    purpose: str
    subject: str
    in_order: bool
    state: SigningState
    signatories: tuple[SignatoryView, ...]
