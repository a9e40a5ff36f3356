"""Offers of a negotiation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class OfferMade(Event):
    """A signed offer, by the hash of its words, which hold a nonce: nobody guesses the price from here."""

    kind: ClassVar[str] = "trading.offer_made"
    offer_id: UUID
    lot_id: UUID
    document_sha256: str
    valid_until: datetime


@dataclass(frozen=True)
class OfferDeclined(Event):
    kind: ClassVar[str] = "trading.offer_declined"
    offer_id: UUID
    lot_id: UUID


@dataclass(frozen=True)
class OfferAccepted(Event):
    kind: ClassVar[str] = "trading.offer_accepted"
    offer_id: UUID
    lot_id: UUID
    document_sha256: str
