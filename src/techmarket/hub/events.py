"""What happened in hub: counts only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class ImportFinished(Event):
    kind: ClassVar[str] = "hub.import_finished"
    import_id: UUID
    organisation_id: UUID
    accepted: int
    refused: int
    unchanged: int


@dataclass(frozen=True)
class WebhookAdded(Event):
    kind: ClassVar[str] = "hub.webhook_added"
    webhook_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class WebhookChanged(Event):
    """Its address, its types or its secret are others now, it was enabled, or it was ended; `what` says which."""

    kind: ClassVar[str] = "hub.webhook_changed"
    webhook_id: UUID
    organisation_id: UUID
    what: str


@dataclass(frozen=True)
class WebhookDisabled(Event):
    """Nothing is sent there any more: its receiver said that it is gone, or failed for too long."""

    kind: ClassVar[str] = "hub.webhook_disabled"
    webhook_id: UUID
    organisation_id: UUID
    cause: str
