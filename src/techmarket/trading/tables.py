"""The mapped classes of trading."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from techmarket.db.base import Base, Identified
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
)
from techmarket.trading.qualification import OpinionBy


class Trade(Identified, Base):
    """One procedure on one listing version. The terms are text behind `terms_sha256`; what is judged stands here.

    `announcement_ends_at` is the end of the announcement as last counted, which the opening moves with;
    `extension_look_at` is when the clock looks whether it is extended; `resume_by` until when a suspension lasts.
    """

    __tablename__ = "trade"
    __table_args__ = (
        CheckConstraint("deposit_minor >= 0", name="deposit_not_negative"),
        Index("ix_trade_listing_id", "listing_id"),
        Index("ix_trade_state_bidding_opens_at", "state", "bidding_opens_at"),
        Index(
            "ix_trade_extension_look_at", "extension_look_at", postgresql_where=text("extension_look_at IS NOT NULL")
        ),
        Index("ix_trade_resume_by", "resume_by", postgresql_where=text("resume_by IS NOT NULL")),
    )

    number: Mapped[str] = mapped_column(String(32), unique=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    listing_n: Mapped[int]
    listing_sha256: Mapped[str] = mapped_column(String(64))
    title_zh: Mapped[str] = mapped_column(String(400))
    title_en: Mapped[str] = mapped_column(String(400))
    seller_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    method: Mapped[Method]
    rule_date: Mapped[date] = mapped_column(Date)
    state: Mapped[TradeState]
    terms_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    deposit_minor: Mapped[int]
    deposit_scope: Mapped[DepositScope]
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("trade.id"), index=True)
    signing_n: Mapped[int]
    signing_unit: Mapped[str] = mapped_column(String(32))
    bidding_opens_at: Mapped[datetime | None]
    announcement_ends_at: Mapped[datetime | None]
    extension_look_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    resume_by: Mapped[datetime | None]
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class TradeAct(Base):
    """What was done to an announced procedure, why and by whom. Never changed or removed; a trigger refuses it."""

    __tablename__ = "trade_act"

    trade_id: Mapped[UUID] = mapped_column(ForeignKey("trade.id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    act: Mapped[ActKind]
    cause: Mapped[str | None] = mapped_column(String(32))
    reasons: Mapped[str | None] = mapped_column(Text)
    by_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    announcement_ends_at: Mapped[datetime | None]
    bidding_opens_at: Mapped[datetime | None]


class TradeNumber(Base):
    """The last number given out in a year. Its row lock is what keeps numbers gapless."""

    __tablename__ = "trade_number"

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last: Mapped[int]


class Lot(Identified, Base):
    """The hot row: what a bid is judged by. Method, prices and periods are copied here on purpose, once.

    A descending lot falls from its start price to `floor_minor`, a step every `step_seconds`; other methods know
    neither, and some know no start price, increment or limited period.
    """

    __tablename__ = "lot"
    __table_args__ = (
        UniqueConstraint("trade_id", "n"),
        CheckConstraint("octet_length(chain) = 32", name="chain_is_a_hash"),
        CheckConstraint(
            "n > 0 AND start_price_minor > 0 AND increment_minor > 0 AND limited_seconds > 0"
            " AND floor_minor > 0 AND step_seconds > 0 AND reserve_minor > 0",
            name="terms_are_positive",
        ),
        CheckConstraint(
            "(leading_minor IS NULL) = (leading_seq IS NULL) AND (leading_minor IS NULL) = (leading_bidder IS NULL)",
            name="leads_wholly",
        ),
        CheckConstraint(
            "leading_minor IS NULL OR leading_minor >= COALESCE(floor_minor, start_price_minor)",
            name="leading_reaches_start_price",
        ),
        CheckConstraint("floor_minor < start_price_minor", name="falls_to_a_floor_below"),
        CheckConstraint("(floor_minor IS NULL) = (step_seconds IS NULL)", name="falls_by_the_clock"),
        CheckConstraint("effective_end <= hard_end AND free_ends_at <= hard_end", name="ends_by_the_hard_stop"),
        CheckConstraint(
            "state <> 'PAUSED' OR (paused_at IS NOT NULL AND pause_cause IS NOT NULL)", name="paused_for_a_reason"
        ),
        CheckConstraint("step IS NULL OR state = 'EVALUATING'", name="steps_belong_to_evaluating"),
        CheckConstraint("(reserve_minor IS NULL) = (reserve_salt IS NULL)", name="reserve_is_revealed_wholly"),
        Index("ix_lot_state_effective_end", "state", "effective_end"),
        Index("ix_lot_step_due_at", "step_due_at", postgresql_where=text("step_due_at IS NOT NULL")),
        {"postgresql_with": {"fillfactor": 50}},
    )

    trade_id: Mapped[UUID] = mapped_column(ForeignKey("trade.id"))
    n: Mapped[int] = mapped_column(SmallInteger)
    title_zh: Mapped[str] = mapped_column(String(400))
    title_en: Mapped[str] = mapped_column(String(400))
    achievement_ids: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    method: Mapped[Method]
    state: Mapped[LotState]
    start_price_minor: Mapped[int | None]
    increment_minor: Mapped[int | None]
    limited_seconds: Mapped[int | None]
    floor_minor: Mapped[int | None]
    step_seconds: Mapped[int | None]
    opened_at: Mapped[datetime | None]
    free_ends_at: Mapped[datetime | None]
    effective_end: Mapped[datetime | None]
    hard_end: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    pause_cause: Mapped[PauseCause | None]
    pause_reason: Mapped[str | None] = mapped_column(String(500))
    resumes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    seq: Mapped[int]
    chain: Mapped[bytes] = mapped_column(LargeBinary)
    leading_seq: Mapped[int | None]
    leading_bidder: Mapped[int | None]
    leading_minor: Mapped[int | None]
    step: Mapped[LotStep | None]
    step_due_at: Mapped[datetime | None]
    reserve_digest: Mapped[str | None] = mapped_column(String(64))
    reserve_minor: Mapped[int | None]
    reserve_salt: Mapped[str | None] = mapped_column(String(64))


class LotTurn(Base):
    """A turn of a lot's state, as its watchers are told. A trigger on the lot writes it; it stays as it is.

    `seq` is how far the book had come: the turn stands after that entry.
    """

    __tablename__ = "lot_turn"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    what: Mapped[str] = mapped_column(String(32))
    state: Mapped[LotState]
    step: Mapped[LotStep | None]
    at: Mapped[datetime]
    free_ends_at: Mapped[datetime | None]
    effective_end: Mapped[datetime | None]
    hard_end: Mapped[datetime | None]
    step_due_at: Mapped[datetime | None]
    cause: Mapped[PauseCause | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    resumes_at: Mapped[datetime | None]


class Participant(Identified, Base):
    """An organisation in one trade, and how far its qualification is. `number` is what the public record calls it.

    With a principal it takes part by mandate (委托): it bids, and the principal buys once it has signed the mandate.
    With members it represents a consortium (联合体), itself the first of them: it bids, and all of them buy.
    `deposit_org_id` is the member that pays the deposit, where it is not the representative.
    `due_at` is until when whoever is asked now gives a view: the market while REGISTERED, the seller while ADMITTED.
    """

    __tablename__ = "participant"
    __table_args__ = (
        UniqueConstraint("trade_id", "org_id"),
        UniqueConstraint("trade_id", "number"),
        CheckConstraint("principal_org_id <> org_id", name="principal_is_another"),
        CheckConstraint(
            "(principal_org_id IS NULL) = (mandate_sha256 IS NULL)"
            " AND (principal_org_id IS NULL) = (mandate_signing_id IS NULL)"
            " AND (principal_org_id IS NOT NULL OR mandated_at IS NULL)",
            name="mandated_wholly",
        ),
        CheckConstraint(
            "(agreement_sha256 IS NULL) = (agreement_signing_id IS NULL)"
            " AND (agreement_sha256 IS NOT NULL OR (agreed_at IS NULL AND deposit_org_id IS NULL))",
            name="agreed_wholly",
        ),
        CheckConstraint("principal_org_id IS NULL OR agreement_sha256 IS NULL", name="agent_or_representative"),
        CheckConstraint("related = (related_because <> '[]'::jsonb)", name="related_for_a_ground"),
        Index("ix_participant_state_due_at", "state", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    trade_id: Mapped[UUID] = mapped_column(ForeignKey("trade.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    principal_org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    mandate_sha256: Mapped[str | None] = mapped_column(ForeignKey("text.sha256"))
    mandate_signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    mandated_at: Mapped[datetime | None]
    agreement_sha256: Mapped[str | None] = mapped_column(ForeignKey("text.sha256"))
    agreement_signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    agreed_at: Mapped[datetime | None]
    deposit_org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[int]
    related: Mapped[bool]
    related_because: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    state: Mapped[ParticipantState]
    due_at: Mapped[datetime | None]
    payer_account: Mapped[str | None] = mapped_column(String(64))
    registered_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))

    # With every participant: who its members are is asked wherever conflicts, readers or buyers are.
    members: Mapped[list[ConsortiumMember]] = relationship(lazy="selectin", order_by="ConsortiumMember.position")

    @property
    def buyer_org_id(self) -> UUID:
        """Who buys, pays and signs: the principal of a mandate, else the participant itself. Of a consortium it is
        the representative; `member_org_ids` buy with it."""
        return self.principal_org_id or self.org_id

    @property
    def member_org_ids(self) -> tuple[UUID, ...]:
        """Who buys jointly with the buyer: the other members of its consortium."""
        return tuple(one.org_id for one in self.members if one.org_id != self.org_id)

    @property
    def deposit_payer_id(self) -> UUID:
        return self.deposit_org_id or self.buyer_org_id

    @property
    def sides(self) -> frozenset[UUID]:
        return frozenset({self.org_id, self.buyer_org_id, *self.member_org_ids})


class ConsortiumMember(Base):
    """A member of a consortium, the representative first. It stands here once it has signed the agreement."""

    __tablename__ = "consortium_member"
    __table_args__ = (
        UniqueConstraint("participant_id", "org_id"),
        CheckConstraint("position > 0", name="position_is_counted"),
    )

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    related_because: Mapped[list[Any]]
    signed_at: Mapped[datetime | None]


class ParticipantOpinion(Base):
    """A view on a participant, with its grounds; the words are text by hash. Never changed or removed; a trigger
    refuses it. Without a person the clock gave it, by the announced rule for silence."""

    __tablename__ = "participant_opinion"
    __table_args__ = (CheckConstraint("accepted OR grounds <> '[]'::jsonb", name="rejected_for_a_ground"),)

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    by: Mapped[OpinionBy] = mapped_column(primary_key=True)
    accepted: Mapped[bool]
    grounds: Mapped[list[Any]]
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Seat(Base):
    """A participant's right to bid on one lot. Who bids there is looked up here and nowhere else.

    `first_refusal` is one that is exercised by bidding, where the trade announced that.
    """

    __tablename__ = "seat"
    __table_args__ = (UniqueConstraint("lot_id", "participant_id"), UniqueConstraint("lot_id", "number"))

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    number: Mapped[int]
    state: Mapped[SeatState]
    first_refusal: Mapped[bool] = mapped_column(server_default=text("false"))
    shut_out_at: Mapped[datetime | None]


class Deposit(Identified, Base):
    """Money that backs a participant's bids: for one lot, or without a lot for the whole trade.

    `paid_in_minor` is how much of it has become price already; the hold is over the rest.
    """

    __tablename__ = "deposit"
    __table_args__ = (
        UniqueConstraint("participant_id", "lot_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("minor > 0", name="amount_is_positive"),
        CheckConstraint("paid_in_minor BETWEEN 0 AND minor", name="pays_in_no_more_than_it_is"),
        CheckConstraint("(state = 'FORFEITED') = (cause IS NOT NULL)", name="forfeited_for_a_cause"),
        CheckConstraint("state NOT IN ('HELD', 'PAID_IN', 'FORFEITED') OR hold_id IS NOT NULL", name="held_by_a_hold"),
    )

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("lot.id"))
    minor: Mapped[int]
    paid_in_minor: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    due_id: Mapped[UUID] = mapped_column(ForeignKey("due.id"), unique=True)
    hold_id: Mapped[UUID | None] = mapped_column(ForeignKey("hold.id"))
    state: Mapped[DepositState]
    return_by: Mapped[datetime | None]
    cause: Mapped[ForfeitCause | None]
    reasons: Mapped[str | None] = mapped_column(Text)


class BidRow(Base):
    """One decision of the book, refusals too. Never changed or removed; a trigger refuses it.

    Another looks once for all entries of a batch that each is by whoever has that seat on the lot.
    """

    __tablename__ = "bid"
    __table_args__ = (
        UniqueConstraint("participant_id", "key"),
        CheckConstraint("octet_length(chain) = 32", name="chain_is_a_hash"),
        CheckConstraint("minor > 0", name="amount_is_positive"),
    )

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    participant_id: Mapped[UUID]
    bidder: Mapped[int]
    minor: Mapped[int]
    key: Mapped[str] = mapped_column(String(255))
    verdict: Mapped[str] = mapped_column(String(32))
    least_minor: Mapped[int]
    at: Mapped[datetime]
    chain: Mapped[bytes] = mapped_column(LargeBinary)


class FinalBid(Base):
    """A leader's best final bid, unread by others until the step ends. Never changed; a trigger refuses it."""

    __tablename__ = "final_bid"
    __table_args__ = (CheckConstraint("minor > 0", name="amount_is_positive"),)

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    minor: Mapped[int]
    nonce: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class FirstRefusalClaim(Base):
    """A first refusal that a participant claims on a lot, and what became of it. `share` is of the title, if any."""

    __tablename__ = "first_refusal_claim"
    __table_args__ = (
        CheckConstraint("share BETWEEN 0 AND 1", name="share_is_a_part"),
        CheckConstraint("(basis = 'CONTRACT') = (evidence_sha256 IS NOT NULL)", name="contract_is_shown"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    number: Mapped[int]
    basis: Mapped[Basis]
    share: Mapped[Decimal] = mapped_column(Numeric(14, 12))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[ClaimState]
    claimed_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class TalkOffer(Identified, Base):
    """One signed offer of a negotiation. Its words are text by `document_sha256`; a bidder sees his own talk."""

    __tablename__ = "talk_offer"
    __table_args__ = (
        UniqueConstraint("participant_id", "lot_id", "n"),
        Index(
            "uq_talk_offer_open",
            "participant_id",
            "lot_id",
            unique=True,
            postgresql_where=text("state = 'OPEN'"),
        ),
        Index("uq_talk_offer_accepted", "lot_id", unique=True, postgresql_where=text("state = 'ACCEPTED'")),
        CheckConstraint("minor > 0", name="price_is_positive"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    n: Mapped[int]
    by_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    minor: Mapped[int]
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    signing_id: Mapped[UUID] = mapped_column(ForeignKey("signing.id"))
    state: Mapped[OfferState]
    made_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Award(Identified, Base):
    """Whom the lot goes to, by rank. At most one of a lot is offered or concluded at a time."""

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("lot_id", "rank"),
        Index(
            "uq_award_lot_id_in_force",
            "lot_id",
            unique=True,
            postgresql_where=text("state IN ('OFFERED', 'CONCLUDED')"),
        ),
        Index("ix_award_state_sign_by", "state", "sign_by"),
        CheckConstraint("price_minor > 0", name="price_is_positive"),
        CheckConstraint("captured_minor >= 0", name="captured_not_negative"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"))
    trade_id: Mapped[UUID] = mapped_column(ForeignKey("trade.id"), index=True)
    rank: Mapped[int] = mapped_column(SmallInteger)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    price_minor: Mapped[int]
    captured_minor: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    state: Mapped[AwardState]
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"))
    sign_by: Mapped[datetime | None]
    buyers_turn_at: Mapped[datetime | None]
    offered_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]


class LotSealing(Base):
    """The key that quotes of a sealed lot are encrypted to; its private half only once officers have opened the lot."""

    __tablename__ = "lot_sealing"
    __table_args__ = (
        CheckConstraint("octet_length(public_key) = 32", name="public_key_is_a_key"),
        CheckConstraint("needed >= 2 AND needed < officers", name="one_share_may_be_lost"),
        CheckConstraint(
            "(private_key IS NULL) = (opened_at IS NULL) AND (opened_at IS NULL OR slots_sha256 IS NOT NULL)",
            name="opens_wholly",
        ),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    suite: Mapped[str] = mapped_column(String(64))
    public_key: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    needed: Mapped[int] = mapped_column(SmallInteger)
    officers: Mapped[int] = mapped_column(SmallInteger)
    slots_sha256: Mapped[str | None] = mapped_column(String(64))
    opened_at: Mapped[datetime | None]
    private_key: Mapped[bytes | None] = mapped_column(LargeBinary)


class OpeningOfficer(Base):
    """Who holds which share. The share itself comes only after the deadline, when the officer gives it."""

    __tablename__ = "opening_officer"
    __table_args__ = (
        UniqueConstraint("lot_id", "person_id"),
        CheckConstraint("(share IS NULL) = (given_at IS NULL)", name="gives_wholly"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot_sealing.lot_id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    share_sha256: Mapped[str] = mapped_column(String(64))
    share: Mapped[bytes | None] = mapped_column(LargeBinary)
    given_at: Mapped[datetime | None]


class Envelope(Base):
    """A slot: what stands for one seat of a sealed lot, a quote or a cover, which only the opening tells apart.

    It keeps no time, version or counter on purpose, and all slots of a lot are always written together.
    """

    __tablename__ = "envelope"
    __table_args__ = (
        ForeignKeyConstraint(["lot_id", "org_id"], ["seat.lot_id", "seat.org_id"]),
        CheckConstraint("octet_length(wrapped) = 4172", name="has_the_one_length"),
    )

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class OpenedEnvelope(Base):
    """A slot after the opening, in the order drawn: the envelope, the verdict on it and what was inside."""

    __tablename__ = "opened_envelope"
    __table_args__ = (
        UniqueConstraint("lot_id", "drawn"),
        CheckConstraint("(verdict = 'sealed.counted') <= (content IS NOT NULL)", name="counted_has_content"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot_sealing.lot_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    drawn: Mapped[int] = mapped_column(SmallInteger)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    verdict: Mapped[str] = mapped_column(String(32))
    copied_from: Mapped[int | None]
    minor: Mapped[int | None]
    content: Mapped[dict[str, Any] | None]
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary)
    commitment: Mapped[bytes | None] = mapped_column(LargeBinary)


class PanelSeat(Base):
    """One expert of a lot's panel. `n` is what the public record calls him."""

    __tablename__ = "panel_seat"
    __table_args__ = (UniqueConstraint("lot_id", "n"),)

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    n: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[PanelSeatState]
    signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    appointed_at: Mapped[datetime]


class ScoreSheet(Base):
    """What an expert gave, unreadable until the panel is complete. Never changed or removed; a trigger refuses it."""

    __tablename__ = "score_sheet"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    hidden: Mapped[bytes] = mapped_column(LargeBinary)
    given_at: Mapped[datetime]


class LotScores(Base):
    """The opened marks of a lot, by the hash of their text. Never changed or removed; a trigger refuses it."""

    __tablename__ = "lot_scores"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    opened_at: Mapped[datetime]
