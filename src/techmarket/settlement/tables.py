"""The mapped classes of settlement."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Numeric, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.settlement.lifecycle import ActState, DueState, EntryState, LineState, PayoutState
from techmarket.settlement.rules import Act, Channel, Finding, HoldCause, InvoiceKind, Outcome, Purpose


class Due(Identified, Base):
    """`unshared_minor`: what nodes have in the fee that was taken at most, until it was shared."""

    __tablename__ = "due"
    __table_args__ = (
        CheckConstraint("minor > 0", name="above_nought"),
        CheckConstraint("paid_minor BETWEEN 0 AND minor", name="paid_in_bounds"),
        CheckConstraint("state <> 'PAID' OR (paid_minor = minor AND paid_at IS NOT NULL)", name="paid_is_whole"),
        CheckConstraint(
            "released_at IS NULL OR (state IN ('PAID', 'REFUNDED') AND payee_org IS NOT NULL)",
            name="released_after_payment",
        ),
        Index(None, "subject"),
        Index(None, "payer_org"),
        Index(None, "payee_org"),
        Index("ix_due_unshared", "id", postgresql_where=text("unshared_minor > 0")),
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
    refund_due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"), unique=True)
    unshared_minor: Mapped[int] = mapped_column(server_default=text("0"), default=0)


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
    to_account: Mapped[str | None] = mapped_column(String(64))
    to_name: Mapped[str | None] = mapped_column(String(200))
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
    """One statement of the market's account; the next opens with the balance this one closes with.

    A voided one stays to be seen, and another takes its place.
    """

    __tablename__ = "bank_statement"
    __table_args__ = (
        Index("uq_bank_statement_number", "number", unique=True, postgresql_where=text("voided_at IS NULL")),
        # One line of statements without a fork: two that would follow the same one cannot both be written.
        Index(
            "uq_bank_statement_follows",
            "follows",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("voided_at IS NULL"),
        ),
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
    voided_at: Mapped[datetime | None]
    voided_why: Mapped[str | None]


class StatementEntry(Base):
    """A booking of a statement: the money that came (`bank_line`), the payout that left, or neither yet."""

    __tablename__ = "statement_entry"
    __table_args__ = (
        *(
            Index(f"uq_statement_entry_{column}", column, unique=True, postgresql_where=text("NOT is_void"))
            for column in ("bank_reference", "bank_line_id", "payout_id")
        ),
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
    bank_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_line.id"))
    payout_id: Mapped[UUID | None] = mapped_column(ForeignKey("payout.id"))
    is_void: Mapped[bool] = mapped_column(server_default=text("false"))


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


class ReleaseHold(Identified, Base):
    """Paid money of a subject waits while a cause lasts."""

    __tablename__ = "release_hold"
    __table_args__ = (
        Index("uq_release_hold_standing", "subject", "cause", unique=True, postgresql_where=text("lifted_at IS NULL")),
    )

    subject: Mapped[str] = mapped_column(String(80))
    cause: Mapped[HoldCause]
    held_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    lifted_at: Mapped[datetime | None]


class MoneyAct(Identified, Base):
    """What one person of finance asked for and a second has to do (双人复核); whoever asked cannot be the one."""

    __tablename__ = "money_act"
    __table_args__ = (
        CheckConstraint("state <> 'DONE' OR asked_by <> decided_by", name="two_people"),
        CheckConstraint("(state = 'WAITING') = (decided_at IS NULL)", name="decided_or_waiting"),
        Index("uq_money_act_waiting", "act", "subject", unique=True, postgresql_where=text("state = 'WAITING'")),
        Index(None, "state", "id"),
    )

    act: Mapped[Act]
    subject: Mapped[str] = mapped_column(String(80))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    minor: Mapped[int]
    state: Mapped[ActState]
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    reasons: Mapped[str | None]


class SettlementAccount(Identified, Base):
    """The market's account at its bank (结算专户), declared by two people before the first statement of it is taken."""

    __tablename__ = "settlement_account"
    __table_args__ = (
        CheckConstraint("asked_by <> declared_by", name="two_people"),
        Index("uq_settlement_account_one", text("(true)"), unique=True),
    )

    account: Mapped[str] = mapped_column(String(64))
    bank_name: Mapped[str] = mapped_column(String(200))
    holder_name: Mapped[str] = mapped_column(String(200))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    declared_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    declared_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class Invoice(Identified, Base):
    """What an invoicing system needs (开票数据) and the number it gave. A correction (红字) has its amounts negated."""

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("(corrects IS NULL) = (minor > 0)", name="corrections_are_negative"),
        CheckConstraint("(number IS NULL) = (issued_on IS NULL)", name="issued_whole"),
        CheckConstraint("(tax_rate IS NULL) = (tax_minor IS NULL)", name="tax_whole"),
        Index(None, "seller_org", "id"),
        Index(None, "buyer_org", "id"),
        Index(None, "due_id"),
    )

    kind: Mapped[InvoiceKind]
    due_id: Mapped[UUID] = mapped_column(ForeignKey("due.id"))
    seller_org: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    buyer_org: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    minor: Mapped[int]
    tax_rate: Mapped[Decimal | None] = mapped_column(Numeric)
    tax_minor: Mapped[int | None]
    corrects: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"), unique=True)
    reasons: Mapped[str | None]
    drawn_up_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    number: Mapped[str | None] = mapped_column(String(32), unique=True)
    issued_on: Mapped[date | None]
