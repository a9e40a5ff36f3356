"""The mapped classes of the ledger."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified, serial_column
from techmarket.ledger.lifecycle import HoldState
from techmarket.ledger.rules import Purpose


class Account(Identified, Base):
    """The balance and what is held are kept by triggers on `transfer` and `hold`; nothing else may write them."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint(
            "book", "owner", "purpose", "subject", name="uq_account_name", postgresql_nulls_not_distinct=True
        ),
        UniqueConstraint("id", "book", name="uq_account_id_book"),
        CheckConstraint("currency = 'CNY'", name="one_currency"),
        CheckConstraint("pending_minor >= 0", name="pending_not_negative"),
        CheckConstraint(
            "purpose NOT IN ('ESCROW', 'DEPOSITS', 'SUSPENSE') OR balance_minor - pending_minor >= 0",
            name="guarded_not_below_nought",
        ),
    )

    book: Mapped[str] = mapped_column(String(48))
    owner: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    purpose: Mapped[Purpose]
    subject: Mapped[str | None] = mapped_column(String(80))
    currency: Mapped[str] = mapped_column(String(3), server_default="CNY")
    balance_minor: Mapped[int] = mapped_column(server_default=text("0"))
    pending_minor: Mapped[int] = mapped_column(server_default=text("0"))


class Hold(Identified, Base):
    __tablename__ = "hold"
    __table_args__ = (
        ForeignKeyConstraint(["source_account", "book"], ["account.id", "account.book"], name="fk_hold_source"),
        ForeignKeyConstraint(["target_account", "book"], ["account.id", "account.book"], name="fk_hold_target"),
        CheckConstraint("minor > 0", name="above_nought"),
        CheckConstraint("source_account <> target_account", name="two_accounts"),
        Index(None, "source_account"),
    )

    book: Mapped[str] = mapped_column(String(48))
    source_account: Mapped[UUID]
    target_account: Mapped[UUID]
    minor: Mapped[int]
    state: Mapped[HoldState]
    why: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class Transfer(Identified, Base):
    """Append-only. Both accounts are of the one book that the row names: two foreign keys see to it."""

    __tablename__ = "transfer"
    __table_args__ = (
        ForeignKeyConstraint(["debit_account", "book"], ["account.id", "account.book"], name="fk_transfer_debit"),
        ForeignKeyConstraint(["credit_account", "book"], ["account.id", "account.book"], name="fk_transfer_credit"),
        CheckConstraint("minor > 0", name="above_nought"),
        CheckConstraint("debit_account <> credit_account", name="two_accounts"),
        Index(None, "debit_account", "seq"),
        Index(None, "credit_account", "seq"),
        Index(None, "why"),
    )

    seq: Mapped[int] = serial_column()
    book: Mapped[str] = mapped_column(String(48))
    debit_account: Mapped[UUID]
    credit_account: Mapped[UUID]
    minor: Mapped[int]
    why: Mapped[str] = mapped_column(String(80))
    code: Mapped[str] = mapped_column(String(64))
    hold_id: Mapped[UUID | None] = mapped_column(ForeignKey("hold.id"), unique=True)
    reverses: Mapped[UUID | None] = mapped_column(ForeignKey("transfer.id"), unique=True)
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
