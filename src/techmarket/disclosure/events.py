"""What happened in disclosure: ids and codes; no name, no text, no hash of what is not public."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
class TierClosed(Event):
    kind: ClassVar[str] = "disclosure.tier_closed"
    grant_id: UUID
    organisation_id: UUID
    subject: str


@dataclass(frozen=True)
class DocumentAdded(Event):
    kind: ClassVar[str] = "disclosure.document_added"
    document_id: UUID
    subject: str
    tier: int
    version: int


@dataclass(frozen=True)
class DocumentRead(Event):
    kind: ClassVar[str] = "disclosure.document_read"
    document_id: UUID
    subject: str


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
