"""What was bid, offered and claimed, and whom a lot goes to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.trading.first_refusal import Basis, ClaimState
from techmarket.trading.lifecycle import (
    AwardState,
    OfferState,
)


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
