"""What happened in disclosure: ids and codes; no name, no reason, no hash of what is not public."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class TierOpened(Event):
    kind: ClassVar[str] = "disclosure.tier_opened"
    grant_id: UUID
    organisation_id: UUID
    subject: str
    tier: int
    basis: str
    until: datetime | None


@dataclass(frozen=True)
class DocumentOpened(Event):
    """One document, and no more, opened to one organisation."""

    kind: ClassVar[str] = "disclosure.document_opened"
    grant_id: UUID
    organisation_id: UUID
    document_id: UUID
    subject: str
    basis: str
    until: datetime | None


@dataclass(frozen=True)
class FolderOpened(Event):
    """One folder, and no more, opened to one organisation."""

    kind: ClassVar[str] = "disclosure.folder_opened"
    grant_id: UUID
    organisation_id: UUID
    subject: str
    folder: str
    basis: str
    until: datetime | None


@dataclass(frozen=True)
class PaperAttested(Event):
    """An officer of the owner attests that this document is the agreement with that organisation."""

    kind: ClassVar[str] = "disclosure.paper_attested"
    document_id: UUID
    organisation_id: UUID
    subject: str
    signed_on: date


@dataclass(frozen=True)
class AccessAsked(Event):
    kind: ClassVar[str] = "disclosure.access_asked"
    access_request_id: UUID
    organisation_id: UUID
    subject: str
    until: datetime


@dataclass(frozen=True)
class AccessDecided(Event):
    """Granted, refused, withdrawn or lapsed: `state` says which."""

    kind: ClassVar[str] = "disclosure.access_decided"
    access_request_id: UUID
    organisation_id: UUID
    subject: str
    state: str


@dataclass(frozen=True)
class TierClosed(Event):
    kind: ClassVar[str] = "disclosure.tier_closed"
    grant_id: UUID
    organisation_id: UUID
    subject: str


@dataclass(frozen=True)
class FolderSet(Event):
    kind: ClassVar[str] = "disclosure.folder_set"
    subject: str
    folder: str
    tier: int


@dataclass(frozen=True)
class DocumentAdded(Event):
    kind: ClassVar[str] = "disclosure.document_added"
    document_id: UUID
    subject: str
    tier: int
    version: int


@dataclass(frozen=True)
class DocumentWithdrawn(Event):
    kind: ClassVar[str] = "disclosure.document_withdrawn"
    document_id: UUID
    subject: str


@dataclass(frozen=True)
class DocumentRead(Event):
    kind: ClassVar[str] = "disclosure.document_read"
    document_id: UUID
    subject: str


@dataclass(frozen=True)
class NdaTextPublished(Event):
    kind: ClassVar[str] = "disclosure.nda_text_published"
    nda_text_id: UUID
    organisation_id: UUID
    version: int
    text_sha256: str
    subject: str | None


@dataclass(frozen=True)
class NdaTextBinds(Event):
    """From then on agreements under earlier texts open nothing; `cut` says how many those were."""

    kind: ClassVar[str] = "disclosure.nda_text_binds"
    nda_text_id: UUID
    binds_from: datetime
    cut: int


@dataclass(frozen=True)
class NdaSigned(Event):
    kind: ClassVar[str] = "disclosure.nda_signed"
    nda_id: UUID
    nda_text_id: UUID
    organisation_id: UUID
    subject: str


@dataclass(frozen=True)
class NdaEntered(Event):
    kind: ClassVar[str] = "disclosure.nda_entered_into_force"
    nda_id: UUID
    organisation_id: UUID
    subject: str
    until: datetime


@dataclass(frozen=True)
class NdaEnded(Event):
    """Declined, replaced or revoked: `state` says which."""

    kind: ClassVar[str] = "disclosure.nda_ended"
    nda_id: UUID
    organisation_id: UUID
    subject: str
    state: str


@dataclass(frozen=True)
class QuestionAsked(Event):
    kind: ClassVar[str] = "disclosure.question_asked"
    question_id: UUID
    subject: str


@dataclass(frozen=True)
class QuestionAnswered(Event):
    kind: ClassVar[str] = "disclosure.question_answered"
    question_id: UUID
    subject: str
    tier: int = 0
