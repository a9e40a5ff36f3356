"""What contracts show to a party, to the market and to the registrar: frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from techmarket.contracts.borders import ClearanceKind
from techmarket.contracts.lifecycle import (
    AuthorityState,
    BreachState,
    ChangeState,
    ContractState,
    LineState,
    OrderedState,
    RegistrationState,
)
from techmarket.contracts.rules import (
    AuthorityKind,
    ChangeKind,
    ContractType,
    DeadlineKind,
    LineKind,
    Origin,
    PartyRole,
    Relief,
    Tax,
    TitleMoves,
)
from techmarket.contracts.templates import Form
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
    due_on: date | None
    terms: dict[str, Any] | None
    version: int
    valid_from: date | None
    valid_until: date | None
    accepted_sha256: str | None


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """What a report should have said, and what fell due for the difference."""

    n: int
    was: Money
    base: Money
    charged: Money
    due_id: UUID | None
    reasons: str
    evidence_sha256: str | None
    corrected_at: datetime


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
    charged: Money
    corrections: tuple[CorrectionView, ...] = ()
    credit: Money | None = None


@dataclass(frozen=True, slots=True)
class ClearanceView:
    kind: ClearanceKind
    number: str
    issued_by: str
    issued_on: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ReliefView:
    tax: Tax
    relief: Relief
    needs_confirmation: bool


@dataclass(frozen=True, slots=True)
class ItemView:
    title: str
    amount: Money


@dataclass(frozen=True, slots=True)
class AmountsView:
    """A correction of amounts that were registered as an estimate."""

    n: int
    was_whole: Money
    was_technology: Money
    whole: Money
    technology: Money
    reasons: str
    at: datetime


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
    is_estimate: bool = False
    non_technical: tuple[ItemView, ...] = ()
    seller_code: str | None = None
    buyer_code: str | None = None
    seller_place: str | None = None
    buyer_place: str | None = None
    corrections: tuple[AmountsView, ...] = ()


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
    form: Form | None
    origin: Origin
    findings: dict[str, Any]
    crossing: dict[str, Any] | None
    clearances: tuple[ClearanceView, ...]
    trial_until: date | None
    title_moves: TitleMoves | None
    title_moved_at: datetime | None
    title_restored_at: datetime | None
    versions: tuple[VersionView, ...]
    signatures: tuple[SignedView, ...]
    attestations: tuple[AttestationView, ...]
    confirmations: tuple[AttestationView, ...]
    signed_on: date | None
    scan_sha256: str | None
    receipt: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class VersionView:
    """A text of the contract, and the day from which it holds; the first holds from the contract's effect."""

    n: int
    sha256: str
    signing_id: UUID | None
    effective_on: date | None


@dataclass(frozen=True, slots=True)
class ChangeView:
    id: UUID
    contract_id: UUID
    n: int
    kind: ChangeKind
    state: ChangeState
    effective_on: date
    reasons: str
    proposed_by: UUID
    proposed_at: datetime
    decided_at: datetime | None
    document_sha256: str
    signing_id: UUID
    version: int | None
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BreachView:
    id: UUID
    contract_id: UUID
    by: UUID
    grounds: str
    due_id: UUID | None
    evidence_sha256: str | None
    state: BreachState
    demanded_at: datetime
    cure_ends_at: datetime
    closed_at: datetime | None
    closing: str | None


@dataclass(frozen=True, slots=True)
class DeadlineView:
    """`last_day` is the last day on which it can be done in time; `rule_key` the row that set it."""

    id: UUID
    contract_id: UUID
    kind: DeadlineKind
    about: UUID | None
    organisation_id: UUID | None
    due_at: datetime
    last_day: date
    rule_key: str | None
    done_at: datetime | None
    passed_at: datetime | None
    number: str | None


@dataclass(frozen=True, slots=True)
class AuthorityView:
    id: UUID
    organisation_id: UUID
    person_id: UUID
    kind: AuthorityKind
    evidence_sha256: str
    valid_from: date
    valid_until: date | None
    state: AuthorityState
    recorded_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignedView:
    """What is known of a signature: its method, the authority behind it, the file and certificate it was put with."""

    signing_id: UUID
    position: int
    organisation_id: UUID
    person_id: UUID
    method: str
    at: datetime
    entry_id: UUID
    authority: AuthorityKind | None
    is_authority_confirmed: bool
    paper_sha256: str | None
    certificate: dict[str, Any] | None
    identity: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class AttestationView:
    """Who of the market saw the original of a contract made elsewhere, and when."""

    person_id: UUID
    organisation_id: UUID
    at: datetime
    document_sha256: str
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class SignatureOrderView:
    id: UUID
    contract_id: UUID
    position: int
    provider: str
    state: OrderedState
    url: str | None
    ordered_at: datetime
    ended_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True)
class PaperView:
    """The contract as a file."""

    sha256: str
    size: int
    is_signed: bool


@dataclass(frozen=True, slots=True)
class EntryProofView:
    """An entry of the log about the contract: its proof, or the market's promise while no checkpoint covers it."""

    entry_id: UUID
    kind: str
    proof: dict[str, Any] | None
    promise: dict[str, str] | None


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
    origin: Origin


@dataclass(frozen=True, slots=True)
class DocumentView:
    sha256: str
    document: dict[str, Any]
