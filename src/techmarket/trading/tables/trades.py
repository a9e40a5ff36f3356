"""One procedure, its lots, and what was done to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.trading.lifecycle import (
    ActKind,
    DepositScope,
    LotState,
    LotStep,
    Method,
    PauseCause,
    TradeState,
)


class Trade(Identified, Base):
    """One procedure on one listing version. The terms are text behind `terms_sha256`; what is judged stands here.

    `announcement_ends_at` is the end of the announcement as last counted, which the opening moves with;
    `extension_look_at` is when the clock looks whether it is extended; `resume_by` until when a suspension lasts.
    """

    __tablename__ = "trade"
    __table_args__ = (
        CheckConstraint("deposit_minor >= 0", name="deposit_not_negative"),
        Index("ix_trade_listing_id", "listing_id"),
        Index("ix_trade_achievement_ids", "achievement_ids", postgresql_using="gin"),
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
    achievement_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}", default=list)
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
