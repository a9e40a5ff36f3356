"""The mapped classes of contracts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.contracts.lifecycle import ContractState, LineState, RegistrationState
from techmarket.contracts.rules import ContractType, LineKind, PartyRole, Relief, Tax
from techmarket.db.base import Base, Identified


class Contract(Identified, Base):
    """The text stands under `contract_version`; the columns here are what the market itself must ask for."""

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint("(in_force_at IS NULL) = (term_from IS NULL)", name="term_starts_with_force"),
        CheckConstraint("(type = 'LICENCE') <= (licence_kind IS NOT NULL)", name="licence_has_a_kind"),
        CheckConstraint("term_years IS NULL OR term_years BETWEEN 1 AND 100", name="term_is_possible"),
        Index(None, "created_at", "id"),
    )

    number: Mapped[str] = mapped_column(String(32), unique=True)
    award_id: Mapped[UUID | None] = mapped_column(ForeignKey("award.id"), unique=True)
    listing_id: Mapped[UUID | None] = mapped_column(ForeignKey("listing.id"))
    type: Mapped[ContractType]
    licence_kind: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[ContractState]
    rule_date: Mapped[date]
    scope: Mapped[dict[str, Any]]
    term_years: Mapped[int | None]
    current_n: Mapped[int]
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"))
    approval_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}", default=list)
    in_force_at: Mapped[datetime | None]
    term_from: Mapped[date | None]
    term_until: Mapped[date | None]
    reasons: Mapped[str | None]
    created_at: Mapped[datetime]


class ContractCounter(Base):
    """The last number of each year; its row lock keeps numbers without gap and without twin."""

    __tablename__ = "contract_counter"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class ContractParty(Base):
    """A side's first organisation owes or is owed what the contract says. Those after it stand on the same side as its
    consortium (联合体): they sign too, and are liable jointly and severally."""

    __tablename__ = "contract_party"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    role: Mapped[PartyRole] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, default=1, server_default=text("1")
    )
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)


class ContractAchievement(Base):
    __tablename__ = "contract_achievement"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), index=True)


class ContractVersion(Base):
    __tablename__ = "contract_version"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    at: Mapped[datetime]


class PlanLine(Identified, Base):
    """An entry fee or milestone has an amount, a royalty a rate; `credited_minor` is the deposit taken for it."""

    __tablename__ = "plan_line"
    __table_args__ = (
        UniqueConstraint("contract_id", "n"),
        CheckConstraint("(kind = 'ROYALTY') = (rate IS NOT NULL)", name="royalty_has_rate"),
        CheckConstraint("(kind <> 'ROYALTY') = (minor IS NOT NULL)", name="fee_has_amount"),
        CheckConstraint("(kind = 'MILESTONE') = (title IS NOT NULL)", name="milestone_has_title"),
        CheckConstraint("minor > 0", name="amount_positive"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    n: Mapped[int]
    kind: Mapped[LineKind]
    title: Mapped[str | None] = mapped_column(String(200))
    minor: Mapped[int | None]
    rate: Mapped[Decimal | None] = mapped_column(Numeric(14, 12))
    base: Mapped[str | None] = mapped_column(String(100))
    due_n: Mapped[int]
    due_unit: Mapped[str] = mapped_column(String(32))
    credited_minor: Mapped[int]
    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"), unique=True)
    state: Mapped[LineState]


class RoyaltyReport(Identified, Base):
    __tablename__ = "royalty_report"
    __table_args__ = (
        UniqueConstraint("contract_id", "period_from"),
        CheckConstraint("period_from <= period_to", name="period_forward"),
        CheckConstraint("base_minor >= 0 AND royalty_minor >= 0", name="amounts_not_negative"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    plan_line_id: Mapped[UUID] = mapped_column(ForeignKey("plan_line.id"))
    period_from: Mapped[date]
    period_to: Mapped[date]
    base_minor: Mapped[int]
    royalty_minor: Mapped[int]
    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"), unique=True)
    paid_at: Mapped[datetime | None]
    reported_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    reported_at: Mapped[datetime]


class Registration(Identified, Base):
    """`decide_by` is empty where no rule row gives the registrar a period."""

    __tablename__ = "registration"
    __table_args__ = (
        CheckConstraint("technology_minor >= 0 AND whole_minor >= technology_minor", name="technology_within_whole"),
        CheckConstraint("(state = 'FILED') = (decided_at IS NULL)", name="decided_with_a_date"),
        Index(
            "uq_registration_alive",
            "contract_id",
            unique=True,
            postgresql_where=text("state IN ('FILED','REGISTERED')"),
        ),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    state: Mapped[RegistrationState]
    class_: Mapped[ContractType] = mapped_column("class")
    whole_minor: Mapped[int]
    technology_minor: Mapped[int]
    number: Mapped[str | None] = mapped_column(String(64))
    filed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    filed_at: Mapped[datetime]
    decide_by: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    reasons: Mapped[str | None]


class ReliefFlagRow(Base):
    __tablename__ = "relief_flag"

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"), primary_key=True)
    tax: Mapped[Tax] = mapped_column(primary_key=True)
    relief: Mapped[Relief]
    needs_confirmation: Mapped[bool]
