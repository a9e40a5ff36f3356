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
