"""A procedure is drafted, announced, extended, suspended, and ended as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class TradeDrafted(Event):
    kind: ClassVar[str] = "trading.drafted"
    trade_id: UUID
    listing_id: UUID
    terms_sha256: str


@dataclass(frozen=True)
class TradeSubmitted(Event):
    kind: ClassVar[str] = "trading.submitted"
    trade_id: UUID


@dataclass(frozen=True)
class TradeReturned(Event):
    kind: ClassVar[str] = "trading.returned"
    trade_id: UUID


@dataclass(frozen=True)
class TradeAnnounced(Event):
    kind: ClassVar[str] = "trading.announced"
    trade_id: UUID
    listing_id: UUID
    notice_id: UUID
    number: str
    terms_sha256: str
    method: str


@dataclass(frozen=True)
class RestsOn(Event):
    """What an announced sale rests on: an approval of the seller's own, or the consent of a co-owner."""

    kind: ClassVar[str] = "trading.rests_on"
    trade_id: UUID
    approval_id: UUID | None = None
    consent_id: UUID | None = None


@dataclass(frozen=True)
class LotAnnounced(Event):
    """One row per lot. A secret reserve price is on record here by its digest, before anybody bids.

    Only a falling price has a floor, and a time after which it falls by one increment.
    """

    kind: ClassVar[str] = "trading.lot_announced"
    lot_id: UUID
    trade_id: UUID
    n: int
    start_price_minor: int | None
    increment_minor: int | None
    reserve_digest: str | None
    floor_minor: int | None
    step_seconds: int | None


@dataclass(frozen=True)
class TradeExtended(Event):
    """One announced step longer: `step` is the how-manieth. Without an actor the clock did it, as announced."""

    kind: ClassVar[str] = "trading.extended"
    trade_id: UUID
    notice_id: UUID
    step: int
    announcement_ends_at: datetime
    bidding_opens_at: datetime | None


@dataclass(frozen=True)
class TradeSuspended(Event):
    kind: ClassVar[str] = "trading.suspended"
    trade_id: UUID
    notice_id: UUID
    cause: str
    resume_by: datetime | None


@dataclass(frozen=True)
class TradeResumed(Event):
    """Without an end of the announcement an objection still stops its clock."""

    kind: ClassVar[str] = "trading.resumed"
    trade_id: UUID
    notice_id: UUID
    announcement_ends_at: datetime | None
    bidding_opens_at: datetime | None


@dataclass(frozen=True)
class OpeningMoved(Event):
    """The announcement ends at another time than was counted, and bidding opens as much later."""

    kind: ClassVar[str] = "trading.opening_moved"
    trade_id: UUID
    announcement_ends_at: datetime
    bidding_opens_at: datetime


@dataclass(frozen=True)
class TerminationAsked(Event):
    kind: ClassVar[str] = "trading.termination_asked"
    trade_id: UUID


@dataclass(frozen=True)
class TerminationDeclined(Event):
    kind: ClassVar[str] = "trading.termination_declined"
    trade_id: UUID


@dataclass(frozen=True)
class TradeUnsold(Event):
    kind: ClassVar[str] = "trading.unsold"
    trade_id: UUID
    listing_id: UUID


@dataclass(frozen=True)
class TradeTerminated(Event):
    kind: ClassVar[str] = "trading.terminated"
    trade_id: UUID
    listing_id: UUID
    cause: str
