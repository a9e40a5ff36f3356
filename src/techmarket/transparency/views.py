"""What the log shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CheckpointView:
    log_id: UUID
    size: int
    root: str
    note: str
    kid: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LeafView:
    position: int
    leaf_hash: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry with its salt: whoever holds this can prove it to others. For its own organisation and the market."""

    id: UUID
    at: datetime
    kind: str
    refs: tuple[str, ...]
    facts: dict[str, Any]
    salt: str
    leaf_hash: str
    position: int | None


@dataclass(frozen=True, slots=True)
class ProofView:
    """All that `offline.proof_holds` needs."""

    log_id: UUID
    entry_id: UUID
    position: int
    row: str
    salt: str
    path: tuple[str, ...]
    checkpoint: str
    kid: str


@dataclass(frozen=True, slots=True)
class ConsistencyView:
    from_size: int
    to_size: int
    path: tuple[str, ...]
