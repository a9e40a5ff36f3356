"""Who wants to buy registers, is judged, pays, leaves or is shut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class ParticipantRegistered(Event):
    kind: ClassVar[str] = "trading.participant_registered"
    participant_id: UUID
    trade_id: UUID


@dataclass(frozen=True)
class ParticipantAdmitted(Event):
    kind: ClassVar[str] = "trading.participant_admitted"
    participant_id: UUID
    trade_id: UUID
    document_sha256: str | None = None


@dataclass(frozen=True)
class ParticipantRejected(Event):
    """By whom, on which grounds, and the hash of the words, which hold a nonce: nobody guesses them from here."""

    kind: ClassVar[str] = "trading.participant_rejected"
    participant_id: UUID
    trade_id: UUID
    by: str | None = None
    grounds: tuple[str, ...] = ()
    document_sha256: str | None = None


@dataclass(frozen=True)
class ParticipantWithdrew(Event):
    kind: ClassVar[str] = "trading.participant_withdrew"
    participant_id: UUID
    trade_id: UUID


@dataclass(frozen=True)
class ParticipantQualified(Event):
    """`by_silence`: the seller did not answer in time, which counts as a confirmation as announced."""

    kind: ClassVar[str] = "trading.participant_qualified"
    participant_id: UUID
    trade_id: UUID
    by_silence: bool = False
    document_sha256: str | None = None


@dataclass(frozen=True)
class DepositAsked(Event):
    kind: ClassVar[str] = "trading.deposit_asked"
    deposit_id: UUID
    participant_id: UUID
    trade_id: UUID
    due_id: UUID


@dataclass(frozen=True)
class DepositHeld(Event):
    kind: ClassVar[str] = "trading.deposit_held"
    deposit_id: UUID
    participant_id: UUID
    trade_id: UUID
    hold_id: UUID


@dataclass(frozen=True)
class DepositReleased(Event):
    kind: ClassVar[str] = "trading.deposit_released"
    deposit_id: UUID
    participant_id: UUID
    trade_id: UUID
    payout_id: UUID


@dataclass(frozen=True)
class DepositPaidIn(Event):
    """The deposit has become a part of the price."""

    kind: ClassVar[str] = "trading.deposit_paid_in"
    deposit_id: UUID
    participant_id: UUID
    trade_id: UUID
    hold_id: UUID
    award_id: UUID


@dataclass(frozen=True)
class DepositForfeited(Event):
    """The ledger's transfer is the proof; `cause` is one of the announced reasons."""

    kind: ClassVar[str] = "trading.deposit_forfeited"
    deposit_id: UUID
    participant_id: UUID
    trade_id: UUID
    transfer_id: UUID
    cause: str


@dataclass(frozen=True)
class BidderShutOut(Event):
    """By his number: what he bid on this lot stands no more, and his entries stay in the book."""

    kind: ClassVar[str] = "trading.bidder_shut_out"
    lot_id: UUID
    trade_id: UUID
    bidder: int


@dataclass(frozen=True)
class MandateSigned(Event):
    """The principal has signed for whom a participant bids, by the hash of the mandate."""

    kind: ClassVar[str] = "trading.mandate_signed"
    participant_id: UUID
    trade_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class ConsortiumAgreed(Event):
    """The last member has signed the agreement of a consortium, by its hash."""

    kind: ClassVar[str] = "trading.consortium_agreed"
    participant_id: UUID
    trade_id: UUID
    document_sha256: str
