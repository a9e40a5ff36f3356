"""What achievements shows: frozen, only to its owners, its completers and the market."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from techmarket.achievements.approvals import ApprovalKind, EvidenceFile
from techmarket.achievements.cautions import Caution
from techmarket.achievements.licences import AttestedAct, BurdenKind
from techmarket.achievements.lifecycle import (
    AchievementState,
    ApprovalState,
    AttestationState,
    ConsentState,
    EvaluationState,
    VestingState,
)
from techmarket.achievements.rights import RightKind, RightStatus
from techmarket.achievements.rules import PlanSource
from techmarket.achievements.vesting import VestingKind
from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import wire
from techmarket.signing.views import SignatureView


@dataclass(frozen=True, slots=True)
class RightView:
    """`is_in_force` today: granted or registered, and its last day has not passed."""

    kind: RightKind
    number: str | None
    valid_until: date | None
    status: RightStatus | None
    filed_on: date | None
    granted_on: date | None
    fees_paid_until: date | None
    term_ends_on: date | None
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class OwnerView:
    organisation_id: UUID | None
    person_id: UUID | None
    share: Decimal
    has_consented: bool


@dataclass(frozen=True, slots=True)
class BurdenView:
    id: UUID
    kind: BurdenKind
    territory: str
    field: str
    manner: str
    valid_from: date
    valid_until: date | None
    holder: str | None
    registration_number: str | None
    evidence_sha256: str | None
    holder_consents: bool
    terms: dict[str, Any] | None
    by: str
    holder_organisation_id: UUID | None
    awaiting: tuple[AttestedAct, ...]


@dataclass(frozen=True, slots=True)
class AttestationView:
    id: UUID
    encumbrance_id: UUID
    achievement_id: UUID
    organisation_id: UUID
    burden_kind: BurdenKind
    holder: str | None
    holder_organisation_id: UUID | None
    registration_number: str | None
    act: AttestedAct
    state: AttestationState
    released_on: date | None
    evidence_sha256: str
    at: datetime
    decided_at: datetime | None
    decided_by_organisation_id: UUID | None
    reasons: str | None


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version: which act made it, when, and the names of the fields that it changed."""

    n: int
    act: str
    at: datetime
    sha256: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """`findings` are by value: value, score, most, statement."""

    id: UUID
    achievement_id: UUID
    evaluator: str
    method: str
    evaluated_on: date
    evidence_sha256: str
    findings: tuple[dict[str, Any], ...]
    state: EvaluationState
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentView:
    """`text` is what is signed, `signatures` who put his name to it; lists leave both out.

    A consent to one version names it, a standing one its scope.
    """

    id: UUID
    achievement_id: UUID
    organisation_id: UUID | None
    person_id: UUID | None
    share: Decimal
    listing_id: UUID | None
    terms_sha256: str | None
    modes: tuple[str, ...]
    licence_kinds: tuple[str, ...]
    territory: str
    field: str
    valid_until: date | None
    document_sha256: str | None
    signing_id: UUID | None
    state: ConsentState
    asked_at: datetime
    given_at: datetime | None
    withdrawn_at: datetime | None
    text: dict[str, Any] | None
    signatures: tuple[SignatureView, ...] | None


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """For the unit and the market; `text` is what is signed, lists leave it out."""

    id: UUID
    organisation_id: UUID
    kind: ApprovalKind
    state: ApprovalState
    achievement_ids: tuple[UUID, ...]
    modes: tuple[str, ...]
    floor: Money | None
    decided_on: date
    evidence: tuple[EvidenceFile, ...]
    document_sha256: str
    signing_id: UUID
    signed: int
    required: int
    drawn_up_at: datetime
    in_force_at: datetime | None
    revoked_at: datetime | None
    text: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class GranteeView:
    person_id: UUID
    share: Decimal


@dataclass(frozen=True, slots=True)
class VestingView:
    id: UUID
    achievement_id: UUID
    organisation_id: UUID
    kind: VestingKind
    years: int | None
    grantees: tuple[GranteeView, ...]
    state: VestingState
    decision_sha256: str | None
    notice_id: UUID | None
    document_sha256: str | None
    signing_id: UUID | None
    reason: str | None
    applied_at: datetime
    in_force_on: date | None
    ends_on: date | None
    text: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class AchievementView:
    id: UUID
    organisation_id: UUID
    state: AchievementState
    revision: int
    title_zh: str | None
    title_en: str | None
    abstract_zh: str | None
    abstract_en: str | None
    keywords: tuple[str, ...]
    technology_field: str | None
    industry: str | None
    ipc: tuple[str, ...]
    trl: int | None
    trl_standard: str | None
    trl_year: int | None
    funding_source: str | None
    plan_source: PlanSource | None
    project_number: str | None
    external: dict[str, Any]
    rights: tuple[RightView, ...]
    owners: tuple[OwnerView, ...]
    completers: tuple[UUID, ...]
    confirmed_by: tuple[UUID, ...]
    encumbrances: tuple[BurdenView, ...]
    idle_since: date | None
    warnings: tuple[Caution, ...]

    @property
    def etag(self) -> str:
        """Changes exactly when the reader's view does."""
        return sha256_hex(canonical_json(wire(asdict(self))))[:32]
