"""What hub shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

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
