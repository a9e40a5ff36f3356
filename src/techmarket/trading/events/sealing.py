"""A lot under seal, and its opening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class LotSealed(Event):
    """The key quotes are encrypted to, and how many officers open it together."""

    kind: ClassVar[str] = "trading.lot_sealed"
    lot_id: UUID
    trade_id: UUID
    public_key: str
    needed: int
    officers: int


@dataclass(frozen=True)
class SlotsClosed(Event):
    """One row per sealed lot at its deadline: the digest of all slots, and not which of them hold a quote."""

    kind: ClassVar[str] = "trading.slots_closed"
    lot_id: UUID
    trade_id: UUID
    slots_sha256: str


@dataclass(frozen=True)
class ShareGiven(Event):
    kind: ClassVar[str] = "trading.share_given"
    lot_id: UUID
    trade_id: UUID
    officer: int


@dataclass(frozen=True)
class LotUnsealed(Event):
    """The lot is open; with the key anyone opens every envelope again. That of confidential proposals is not told."""

    kind: ClassVar[str] = "trading.lot_unsealed"
    lot_id: UUID
    trade_id: UUID
    slots_sha256: str
    private_key: str | None
    counted: int
