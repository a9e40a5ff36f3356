"""What happened in trading: ids, public amounts, roots of the bid book; never who bids under which number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
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


@dataclass(frozen=True)
class ExpertAppointed(Event):
    kind: ClassVar[str] = "trading.expert_appointed"
    lot_id: UUID
    n: int


@dataclass(frozen=True)
class ExpertSeated(Event):
    """An expert has signed that he is free of interest; by the hash of what he signed."""

    kind: ClassVar[str] = "trading.expert_seated"
    lot_id: UUID
    n: int
    declaration_sha256: str


@dataclass(frozen=True)
class ExpertRecused(Event):
    kind: ClassVar[str] = "trading.expert_recused"
    lot_id: UUID
    n: int


@dataclass(frozen=True)
class SheetGiven(Event):
    """A sheet of marks is in, by the hash of its bytes, which hold a nonce: nobody guesses a mark from here."""

    kind: ClassVar[str] = "trading.sheet_given"
    lot_id: UUID
    n: int
    sheet_sha256: str


@dataclass(frozen=True)
class ScoresOpened(Event):
    """All marks are in and open, by the hash of their text."""

    kind: ClassVar[str] = "trading.scores_opened"
    lot_id: UUID
    sheets: int
    document_sha256: str


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
