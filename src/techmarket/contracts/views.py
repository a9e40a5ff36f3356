"""What contracts show to a party, to the market and to the registrar: frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from techmarket.contracts.lifecycle import ContractState, LineState, RegistrationState
from techmarket.contracts.rules import ContractType, LineKind, PartyRole, Relief, Tax
from techmarket.kernel.money import Money


@dataclass(frozen=True, slots=True)
class PartyView:
    role: PartyRole
    organisation_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class PlanLineView:
    id: UUID
    n: int
    kind: LineKind
    title: str | None
    state: LineState
    amount: Money | None
    credited: Money
    rate: Decimal | None
    base: str | None
    due_id: UUID | None


@dataclass(frozen=True, slots=True)
class RoyaltyReportView:
    id: UUID
    contract_id: UUID
    period_from: date
    period_to: date
    base: Money
    royalty: Money
    due_id: UUID | None
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReliefView:
    tax: Tax
    relief: Relief
    needs_confirmation: bool


@dataclass(frozen=True, slots=True)
class RegistrationView:
    id: UUID
    contract_id: UUID
    state: RegistrationState
    contract_class: ContractType
    whole_amount: Money
    technology_amount: Money
    number: str | None
    filed_at: datetime
    decide_by: datetime | None
    decided_at: datetime | None
    reasons: str | None
    reliefs: tuple[ReliefView, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractView:
    id: UUID
    number: str
    type: ContractType
    state: ContractState
    award_id: UUID | None
    listing_id: UUID | None
    notice_id: UUID | None
    approval_ids: tuple[UUID, ...]
    licence_kind: str | None
    scope: dict[str, Any]
    parties: tuple[PartyView, ...]
    achievement_ids: tuple[UUID, ...]
    document_sha256: str
    signing_id: UUID | None
    plan: tuple[PlanLineView, ...]
    royalty_reports: tuple[RoyaltyReportView, ...]
    registration: RegistrationView | None
    in_force_at: datetime | None
    term_from: date | None
    term_until: date | None
    reasons: str | None


@dataclass(frozen=True, slots=True)
class ContractCard:
    """A contract in a list."""

    id: UUID
    number: str
    type: ContractType
    state: ContractState
    award_id: UUID | None
    seller_id: UUID
    buyer_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentView:
    sha256: str
    document: dict[str, Any]
