"""What hub shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.hub.webhooks import DeliveryState, WebhookState
from techmarket.listings.rules import ListingKind


@dataclass(frozen=True, slots=True)
class ImportView:
    """The report of one import: every row with its outcome."""

    id: UUID
    organisation_id: UUID
    kind: ListingKind
    source: str
    created_at: datetime
    total: int
    accepted: int
    refused: int
    unchanged: int
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PublisherView:
    """Whose open data it is, and the hour it is published at."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change, as this reader is told it; the cursor leads on from it, in either direction."""

    id: UUID
    cursor: str
    at: datetime
    type: str
    refs: tuple[str, ...]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChangesView:
    """A stretch of changes. `next_cursor` leads on; forwards there always is one, since more will happen."""

    items: tuple[ChangeView, ...]
    next_cursor: str | None
    is_at_end: bool


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A subscription; `secret` is shown once, when it is made or changed."""

    id: UUID
    organisation_id: UUID
    url: str
    types: tuple[str, ...]
    state: WebhookState
    failing_since: datetime | None
    disabled_because: str | None
    created_at: datetime
    waiting: int
    secret: str | None = None
    old_secret_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AttemptView:
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    id: UUID
    webhook_id: UUID
    message_id: str
    type: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    body: str | None = None
    log: tuple[AttemptView, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignImportView:
    """What came of a package: new releases, and those that were here already."""

    accepted: int
    unchanged: int
    ocids: tuple[str, ...]
