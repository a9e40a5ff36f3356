"""A closed lot on its way to a winner, and what becomes of the award."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class LotAwaits(Event):
    """A closed lot waits for a step that was announced, at the latest until the clock decides by rule."""

    kind: ClassVar[str] = "trading.lot_awaits"
    lot_id: UUID
    trade_id: UUID
    step: str
    due_at: datetime


@dataclass(frozen=True)
class ReserveRevealed(Event):
    """With these, anyone opens the digest that was announced."""

    kind: ClassVar[str] = "trading.reserve_revealed"
    lot_id: UUID
    trade_id: UUID
    reserve_minor: int
    salt: str


@dataclass(frozen=True)
class ReserveNotRevealed(Event):
    kind: ClassVar[str] = "trading.reserve_not_revealed"
    lot_id: UUID
    trade_id: UUID


@dataclass(frozen=True)
class LotUnsold(Event):
    kind: ClassVar[str] = "trading.lot_unsold"
    lot_id: UUID
    trade_id: UUID
    cause: str


@dataclass(frozen=True)
class LotTerminated(Event):
    kind: ClassVar[str] = "trading.lot_terminated"
    lot_id: UUID
    trade_id: UUID
    cause: str


@dataclass(frozen=True)
class AwardOffered(Event):
    kind: ClassVar[str] = "trading.award_offered"
    award_id: UUID
    trade_id: UUID
    lot_id: UUID
    notice_id: UUID
    rank: int
    price_minor: int


@dataclass(frozen=True)
class BuyersTurn(Event):
    """The seller has done all it has to: from now on the buyer is waited for."""

    kind: ClassVar[str] = "trading.buyers_turn"
    award_id: UUID
    trade_id: UUID


@dataclass(frozen=True)
class AwardConcluded(Event):
    kind: ClassVar[str] = "trading.award_concluded"
    award_id: UUID
    trade_id: UUID
    listing_id: UUID
    price_minor: int


@dataclass(frozen=True)
class AwardLapsed(Event):
    kind: ClassVar[str] = "trading.award_lapsed"
    award_id: UUID
    trade_id: UUID
    cause: str = "refuses_to_sign"


@dataclass(frozen=True)
class AwardAnnulled(Event):
    kind: ClassVar[str] = "trading.award_annulled"
    award_id: UUID
    trade_id: UUID
    cause: str = "objection_upheld"


@dataclass(frozen=True)
class AwardDefaulted(Event):
    kind: ClassVar[str] = "trading.award_defaulted"
    award_id: UUID
    trade_id: UUID


@dataclass(frozen=True)
class RunnerUpReleased(Event):
    kind: ClassVar[str] = "trading.runner_up_released"
    award_id: UUID
    trade_id: UUID


@dataclass(frozen=True)
class FinalBidPut(Event):
    """A leader has named a final price, by its commitment; amount and nonce follow when all are read."""

    kind: ClassVar[str] = "trading.final_bid_put"
    lot_id: UUID
    trade_id: UUID
    commitment: str


@dataclass(frozen=True)
class FinalBidsOpened(Event):
    """With these anyone opens the commitments."""

    kind: ClassVar[str] = "trading.final_bids_opened"
    lot_id: UUID
    trade_id: UUID
    bids: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class FirstRefusalClaimed(Event):
    kind: ClassVar[str] = "trading.first_refusal_claimed"
    participant_id: UUID
    lot_id: UUID
    basis: str


@dataclass(frozen=True)
class FirstRefusalDecided(Event):
    kind: ClassVar[str] = "trading.first_refusal_decided"
    participant_id: UUID
    lot_id: UUID
    accepted: bool


@dataclass(frozen=True)
class FirstRefusalAsked(Event):
    """So many holders are asked whether they take the lot at this price."""

    kind: ClassVar[str] = "trading.first_refusal_asked"
    lot_id: UUID
    trade_id: UUID
    holders: int
    price_minor: int


@dataclass(frozen=True)
class FirstRefusalExercised(Event):
    kind: ClassVar[str] = "trading.first_refusal_exercised"
    lot_id: UUID
    trade_id: UUID


@dataclass(frozen=True)
class FirstRefusalWaived(Event):
    """A holder does not take the lot, or said nothing in time (without an actor)."""

    kind: ClassVar[str] = "trading.first_refusal_waived"
    lot_id: UUID
    trade_id: UUID
