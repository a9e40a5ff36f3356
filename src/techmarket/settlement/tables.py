"""The mapped classes of settlement."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.settlement.lifecycle import DueState, EntryState, LineState, PayoutState
from techmarket.settlement.rules import Channel, Finding, Outcome, Purpose


class Due(Identified, Base):
    __tablename__ = "due"
    __table_args__ = (
        CheckConstraint("minor > 0", name="above_nought"),
        CheckConstraint("paid_minor BETWEEN 0 AND minor", name="paid_in_bounds"),
        CheckConstraint("state <> 'PAID' OR (paid_minor = minor AND paid_at IS NOT NULL)", name="paid_is_whole"),
        CheckConstraint(
            "released_at IS NULL OR (state = 'PAID' AND payee_org IS NOT NULL)", name="released_after_payment"
        ),
        Index(None, "subject"),
        Index(None, "payer_org"),
        Index(None, "payee_org"),
        Index("ix_due_waiting", "due_on", postgresql_where=text("state = 'OPEN' AND overdue_at IS NULL")),
    )

    reference: Mapped[str] = mapped_column(String(20), unique=True)
    payer_org: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    payee_org: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    minor: Mapped[int]
    paid_minor: Mapped[int] = mapped_column(server_default=text("0"))
    fee_minor: Mapped[int | None]
    due_on: Mapped[date]
    rule_date: Mapped[date]
    subject: Mapped[str] = mapped_column(String(80))
    purpose: Mapped[Purpose]
    payer_account: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[DueState]
    raised_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    paid_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]


class Payout(Identified, Base):
    """One reason is paid once: a second payout for it needs that the first has failed."""

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint("minor > 0", name="above_nought"),
        Index(
            "uq_payout_why_org_id_channel",
            "why",
            "org_id",
            "channel",
            unique=True,
            postgresql_where=text("state <> 'FAILED'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "org_id"),
    )

    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    minor: Mapped[int]
    channel: Mapped[Channel]
    state: Mapped[PayoutState]
    why: Mapped[str] = mapped_column(String(80))
    hold_id: Mapped[UUID | None] = mapped_column(ForeignKey("hold.id"))
    transfer_id: Mapped[UUID | None] = mapped_column(ForeignKey("transfer.id"))
    bank_reference: Mapped[str | None] = mapped_column(String(64))
    instructed_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    settled_at: Mapped[datetime | None]


class BankLine(Identified, Base):
    """`outcome` is what the message came to on arrival and never changes; `state` is where its money stands now."""

    __tablename__ = "bank_line"
    __table_args__ = (CheckConstraint("minor > 0", name="above_nought"), Index(None, "state", "id"))

    message_id: Mapped[str] = mapped_column(String(64), unique=True)
    body_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    payer_account: Mapped[str] = mapped_column(String(64))
    payer_name: Mapped[str] = mapped_column(String(200))
    minor: Mapped[int]
    reference: Mapped[str] = mapped_column(String(100))
    booked_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    outcome: Mapped[Outcome | None]
    state: Mapped[LineState]
    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"))
    payout_id: Mapped[UUID | None] = mapped_column(ForeignKey("payout.id"))


class BankStatement(Identified, Base):
    """One statement of the market's account; the next opens with the balance this one closes with."""

    __tablename__ = "bank_statement"
    __table_args__ = (
        UniqueConstraint("number"),
        # One line of statements without a fork: two that would follow the same one cannot both be written.
        UniqueConstraint("follows", postgresql_nulls_not_distinct=True),
        CheckConstraint("first_day <= last_day", name="days_in_order"),
    )

    number: Mapped[str] = mapped_column(String(64))
    account: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    follows: Mapped[UUID | None] = mapped_column(ForeignKey("bank_statement.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    opening_minor: Mapped[int]
    closing_minor: Mapped[int]
    uploaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class StatementEntry(Base):
    """A booking of a statement: the money that came (`bank_line`), the payout that left, or neither yet."""

    __tablename__ = "statement_entry"
    __table_args__ = (
        UniqueConstraint("bank_reference", name="uq_statement_entry_bank_reference"),
        Index("ix_statement_entry_open", "statement_id", postgresql_where=text("state = 'OPEN'")),
        CheckConstraint("minor > 0", name="above_nought"),
    )

    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statement.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    is_credit: Mapped[bool]
    minor: Mapped[int]
    booked_on: Mapped[date]
    bank_reference: Mapped[str] = mapped_column(String(64))
    finding: Mapped[Finding]
    state: Mapped[EntryState]
    bank_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_line.id"), unique=True)
    payout_id: Mapped[UUID | None] = mapped_column(ForeignKey("payout.id"), unique=True)


class BankDay(Base):
    """A day that was closed (日终结账): the books, set against the bank's own statement, differ in nothing."""

    __tablename__ = "bank_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statement.id"), unique=True)
    bank_minor: Mapped[int]
    others_minor: Mapped[int]
    own_minor: Mapped[int]
    incoming_minor: Mapped[int]
    outgoing_minor: Mapped[int]
    statement_minor: Mapped[int]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
