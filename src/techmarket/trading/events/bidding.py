"""A lot opens, is paused, bid for and closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class BiddingOpened(Event):
    kind: ClassVar[str] = "trading.bidding_opened"
    lot_id: UUID
    trade_id: UUID
    free_ends_at: datetime
    hard_end: datetime
    chain: str
    method: str


@dataclass(frozen=True)
class LotPaused(Event):
    """After entry `seq` of its book nothing is entered until it is resumed."""

    kind: ClassVar[str] = "trading.lot_paused"
    lot_id: UUID
    trade_id: UUID
    cause: str
    paused_at: datetime
    resumes_at: datetime | None
    seq: int


@dataclass(frozen=True)
class LotResumed(Event):
    """The times have moved by as long as the pause was."""

    kind: ClassVar[str] = "trading.lot_resumed"
    lot_id: UUID
    trade_id: UUID
    paused_at: datetime
    resumed_at: datetime
    effective_end: datetime
    hard_end: datetime


@dataclass(frozen=True)
class BidsDecided(Event):
    """One row per lot and batch: which entries of the book, the signed root they stand under, the chain after them."""

    kind: ClassVar[str] = "trading.bids_decided"
    lot_id: UUID
    seq_from: int
    seq_to: int
    root: str
    chain: str


@dataclass(frozen=True)
class LotClosed(Event):
    """The book is sealed: its last number and chain, and the price it made."""

    kind: ClassVar[str] = "trading.lot_closed"
    lot_id: UUID
    trade_id: UUID
    seq: int
    chain: str
    leading_minor: int | None
