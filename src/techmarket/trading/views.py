"""What trading shows: frozen, already cut to the reader. Bidders appear by number, never by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.trading.first_refusal import Basis, ClaimState
from techmarket.trading.lifecycle import (
    ActKind,
    AwardState,
    DepositScope,
    DepositState,
    ForfeitCause,
    LotState,
    LotStep,
    Method,
    OfferState,
    PanelSeatState,
    ParticipantState,
    PauseCause,
    SeatState,
    TradeState,
    WaitsFor,
)
from techmarket.trading.qualification import Ground, Kinship, OpinionBy


@dataclass(frozen=True, slots=True)
class PauseView:
    """Why bidding stands still, since when, and from when it goes on, if that was said."""

    cause: PauseCause
    reason: str
    paused_at: datetime
    resumes_at: datetime | None


@dataclass(frozen=True, slots=True)
class LotView:
    """Where a lot stands now; `least_next_bid` is what a bid must reach, None once the book is closed.

    Only a falling price has a floor, a pace, and while it falls the hour of its next step.
    """

    id: UUID
    trade_id: UUID
    n: int
    title_zh: str
    title_en: str
    achievement_ids: tuple[UUID, ...] | None
    method: Method
    state: LotState
    start_price: Money | None
    increment: Money | None
    floor: Money | None
    step_seconds: int | None
    leading: Money | None
    leading_bidder: int | None
    least_next_bid: Money | None
    price_falls_at: datetime | None
    seq: int
    chain: str
    opened_at: datetime | None
    free_ends_at: datetime | None
    effective_end: datetime | None
    hard_end: datetime | None
    pause: PauseView | None
    closed_at: datetime | None
    step: LotStep | None
    step_due_at: datetime | None
    reserve_digest: str | None
    reserve: Money | None
    reserve_salt: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class FloorLineView:
    """A running lot as the operator sees it. `due_at` is the next thing the clock or the operator has to do with it."""

    trade_id: UUID
    trade_number: str
    lot_id: UUID
    n: int
    title_zh: str
    title_en: str
    method: Method
    state: LotState
    step: LotStep | None
    due_at: datetime | None
    effective_end: datetime | None
    hard_end: datetime | None
    pause: PauseView | None
    leading: Money | None
    leading_bidder: int | None
    entries: int
    bidders_ready: int
    now: datetime


@dataclass(frozen=True, slots=True)
class TradeView:
    id: UUID
    number: str
    state: TradeState
    method: Method
    seller_organisation_id: UUID
    listing_id: UUID
    listing_n: int
    listing_sha256: str
    title_zh: str
    title_en: str
    rule_date: date
    terms_sha256: str
    terms: dict[str, Any]
    rules: dict[str, Any]
    deposit: Money
    deposit_scope: DepositScope
    previous_id: UUID | None
    notice_id: UUID | None
    announcement_ends_at: datetime | None
    bidding_opens_at: datetime | None
    suspended_at: datetime | None
    resume_by: datetime | None
    waits_for: WaitsFor | None
    lots: tuple[LotView, ...]

    @property
    def lot(self) -> LotView:
        """The first lot, which is the only one of most trades."""
        return self.lots[0]


@dataclass(frozen=True, slots=True)
class ActView:
    """What was done to an announced procedure, why, and what times hold after it."""

    trade_id: UUID
    n: int
    act: ActKind
    cause: str | None
    reasons: str | None
    by_the_clock: bool
    at: datetime
    announcement_ends_at: datetime | None
    bidding_opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class TradeLineView:
    """A trade in a list. Prices and end are the first lot's; `lots` tells how many there are."""

    id: UUID
    number: str
    state: TradeState
    method: Method
    listing_id: UUID
    lot_id: UUID
    lots: int
    title_zh: str
    title_en: str
    start_price: Money | None
    increment: Money | None
    deposit: Money
    leading: Money | None
    bidding_opens_at: datetime | None
    effective_end: datetime | None


@dataclass(frozen=True, slots=True)
class SeatView:
    lot_id: UUID
    state: SeatState
    first_refusal: bool


@dataclass(frozen=True, slots=True)
class DepositView:
    """`reference` goes into the transfer; without a lot the deposit backs the whole trade.

    `outstanding` is what has not come yet; of a released one, `return_by` is when it has left the market at the latest.
    """

    id: UUID
    lot_id: UUID | None
    amount: Money
    outstanding: Money
    state: DepositState
    due_id: UUID
    reference: str
    return_by: datetime | None
    cause: ForfeitCause | None
    reasons: str | None


@dataclass(frozen=True, slots=True)
class MandateView:
    """For whom a participant bids, and the text the principal signs."""

    principal_organisation_id: UUID
    document_sha256: str
    document: dict[str, Any]
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of a consortium, the representative first; why it is related is as of its registration."""

    organisation_id: UUID
    related_because: tuple[Kinship, ...]
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConsortiumView:
    """Who bids as one, and the agreement that each of them signs; `agreed_at` is the last signature."""

    members: tuple[MemberView, ...]
    deposit_organisation_id: UUID
    document_sha256: str
    document: dict[str, Any]
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A first refusal on one lot, for its holder, the seller and the market."""

    lot_id: UUID
    basis: Basis
    share: Decimal
    evidence_sha256: str | None
    state: ClaimState


@dataclass(frozen=True, slots=True)
class FinalBidView:
    """With the nonce anyone opens the commitment that was logged when it was named."""

    lot_id: UUID
    bidder: int
    amount: Money
    nonce: str
    commitment: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OpinionView:
    """What the market or the seller said of a participant; `by_the_clock` is the rule for silence."""

    by: OpinionBy
    accepted: bool
    grounds: tuple[Ground, ...]
    words: str | None
    document_sha256: str
    by_the_clock: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ParticipantView:
    """`waits_for` is whose view is asked now, at the latest by `due_at`."""

    id: UUID
    trade_id: UUID
    organisation_id: UUID
    number: int
    mandate: MandateView | None
    consortium: ConsortiumView | None
    related: bool
    related_because: tuple[Kinship, ...]
    state: ParticipantState
    waits_for: OpinionBy | None
    due_at: datetime | None
    opinions: tuple[OpinionView, ...]
    payer_account: str | None
    seats: tuple[SeatView, ...]
    deposits: tuple[DepositView, ...]
    first_refusals: tuple[ClaimView, ...]


@dataclass(frozen=True, slots=True)
class DueOpinionView:
    """A participant who waits for a view, with the trade it is in."""

    trade_number: str
    title_zh: str
    title_en: str
    participant: ParticipantView


@dataclass(frozen=True, slots=True)
class BidLineView:
    """One entry of the public record; with the terms and the others before it, its chain can be recomputed.

    While a price falls, nobody is told at which price those who came too early would buy: no amount until it is taken.
    """

    seq: int
    bidder: int
    amount: Money | None
    verdict: str
    at: datetime
    chain: str
    is_void: bool


@dataclass(frozen=True, slots=True)
class AwardView:
    id: UUID
    trade_id: UUID
    lot_id: UUID
    rank: int
    state: AwardState
    seller_organisation_id: UUID
    buyer_organisation_id: UUID
    agent_organisation_id: UUID | None
    member_organisation_ids: tuple[UUID, ...]
    price: Money
    deposit: Money
    notice_id: UUID | None
    sign_by: datetime | None
    buyers_turn_at: datetime | None


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer for the two who talk, and the market."""

    id: UUID
    lot_id: UUID
    participant_id: UUID
    n: int
    organisation_id: UUID
    by_seller: bool
    price: Money
    document_sha256: str
    document: dict[str, Any]
    state: OfferState
    is_standing: bool
    made_at: datetime
    valid_until: datetime
    answered_at: datetime | None
    signing_id: UUID


@dataclass(frozen=True, slots=True)
class OfficerView:
    """Who holds which share, by organisation; the share itself is known by its hash alone."""

    n: int
    organisation_id: UUID
    share_sha256: str
    given_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealingView:
    """What a client needs to seal a quote, and how far the opening is. `bidder` is the reader's own number."""

    lot_id: UUID
    suite: str
    envelope_bytes: int
    public_key: str
    terms_sha256: str
    needed: int
    officers: tuple[OfficerView, ...]
    slots_sha256: str | None
    opened_at: datetime | None
    bidder: int | None


@dataclass(frozen=True, slots=True)
class EnvelopeReceiptView:
    """The market's signed word that this envelope stands in the bidder's slot. It has no number: that would count."""

    lot_id: UUID
    bidder: int
    envelope_sha256: str
    at: datetime
    kid: str
    signature: str


@dataclass(frozen=True, slots=True)
class SlotView:
    """What stands in the reader's own slot now; a cover until he has sent a quote."""

    lot_id: UUID
    bidder: int
    envelope_sha256: str


@dataclass(frozen=True, slots=True)
class OpenedEnvelopeView:
    bidder: int
    drawn: int
    verdict: str
    copied_from: int | None
    amount: Money | None
    content: dict[str, Any] | None
    nonce: str | None
    commitment: str | None
    envelope: str | None
    envelope_sha256: str


@dataclass(frozen=True, slots=True)
class OpeningView:
    """Everything anyone needs to open every envelope again, draw again and rank again."""

    lot_id: UUID
    opened_at: datetime
    public_key: str
    private_key: str | None
    terms_sha256: str
    slots_sha256: str
    envelopes: tuple[OpenedEnvelopeView, ...]


@dataclass(frozen=True, slots=True)
class PanelSeatView:
    """An expert by number; who it is, only for the market and the expert himself."""

    n: int
    state: PanelSeatState
    person_id: UUID | None
    organisation_id: UUID | None
    sheet_given: bool


@dataclass(frozen=True, slots=True)
class PanelView:
    lot_id: UUID
    needed: int
    criteria: tuple[str, ...]
    seats: tuple[PanelSeatView, ...]
    declaration: dict[str, Any] | None
    declaration_sha256: str | None


@dataclass(frozen=True, slots=True)
class ProposalView:
    """An opened offer as the panel reads it: by number, with the hashes of the documents that belong to it."""

    number: int
    terms: dict[str, Any]
    documents: tuple[str, ...]
    data_room: str


@dataclass(frozen=True, slots=True)
class ScoreView:
    """One line of the ranking: points by criterion and the score, as anybody computes them."""

    number: int
    points: dict[str, str]
    score: str
    out_by: str | None


@dataclass(frozen=True, slots=True)
class ScoresView:
    lot_id: UUID
    document_sha256: str
    document: dict[str, Any]
    scores: tuple[ScoreView, ...]


@dataclass(frozen=True, slots=True)
class DutiesView:
    """Of how many lots an officer holds a share: in all, given, waited for now, and never given though opened or ended
    without it."""

    held: int
    given: int
    awaited: int
    missed: int


@dataclass(frozen=True, slots=True)
class OpeningOfficerView:
    person_id: UUID
    name: str
    organisation_ids: tuple[UUID, ...]
    is_listed: bool
    duties: DutiesView
