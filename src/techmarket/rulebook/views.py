"""What leaves the rulebook beside its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.rulebook.lifecycle import ProposalState


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A row that one operator proposed; it holds nowhere while it waits for another."""

    id: UUID
    key: str
    row: dict[str, Any]
    state: ProposalState
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reasons: str | None
