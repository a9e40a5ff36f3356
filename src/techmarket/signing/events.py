"""What happened in signing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class SigningOpened(Event):
    kind: ClassVar[str] = "signing.opened"
    signing_id: UUID
    subject: str
    purpose: str
    required: int


@dataclass(frozen=True)
class SignaturePut(Event):
    kind: ClassVar[str] = "signing.signature_put"
    signing_id: UUID
    person_id: UUID
    organisation_id: UUID
    position: int
    document_sha256: str


@dataclass(frozen=True)
class SigningCompleted(Event):
    kind: ClassVar[str] = "signing.completed"
    signing_id: UUID
    subject: str
    purpose: str


@dataclass(frozen=True)
class SigningVoided(Event):
    kind: ClassVar[str] = "signing.voided"
    signing_id: UUID
    subject: str
    purpose: str
