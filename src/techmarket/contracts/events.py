"""What happened to contracts: ids, codes and counts; never a price, a royalty or a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class ContractDrafted(Event):
    kind: ClassVar[str] = "contracts.contract_drafted"
    contract_id: UUID
    number: str
    award_id: UUID | None = None


@dataclass(frozen=True)
class RestsOn(Event):
    """What a contract without a trade rests on: an approval of the seller's own, or the consent of a co-owner."""

    kind: ClassVar[str] = "contracts.rests_on"
    contract_id: UUID
    approval_id: UUID | None = None
    consent_id: UUID | None = None


@dataclass(frozen=True)
class MilestoneAccepted(Event):
    kind: ClassVar[str] = "contracts.milestone_accepted"
    contract_id: UUID
    line_id: UUID


@dataclass(frozen=True)
class ContractSigningOpened(Event):
    kind: ClassVar[str] = "contracts.signing_opened"
    contract_id: UUID
    signing_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class ContractSigned(Event):
    kind: ClassVar[str] = "contracts.contract_signed"
    contract_id: UUID
    signed: int
    required: int


@dataclass(frozen=True)
class ContractInForce(Event):
    kind: ClassVar[str] = "contracts.contract_in_force"
    contract_id: UUID
    award_id: UUID | None = None


@dataclass(frozen=True)
class ContractCancelled(Event):
    kind: ClassVar[str] = "contracts.contract_cancelled"
    contract_id: UUID
    cause: str


@dataclass(frozen=True)
class ContractDisputed(Event):
    kind: ClassVar[str] = "contracts.contract_disputed"
    contract_id: UUID


@dataclass(frozen=True)
class ContractSettled(Event):
    kind: ClassVar[str] = "contracts.dispute_settled"
    contract_id: UUID


@dataclass(frozen=True)
class ContractPerformed(Event):
    kind: ClassVar[str] = "contracts.contract_performed"
    contract_id: UUID


@dataclass(frozen=True)
class ContractTerminated(Event):
    kind: ClassVar[str] = "contracts.contract_terminated"
    contract_id: UUID


@dataclass(frozen=True)
class ContractDefaulted(Event):
    """The buyer did not pay: the contract ends, its award is lost."""

    kind: ClassVar[str] = "contracts.contract_defaulted"
    contract_id: UUID
    award_id: UUID


@dataclass(frozen=True)
class PlanLinePaid(Event):
    kind: ClassVar[str] = "contracts.plan_line_paid"
    contract_id: UUID
    plan_line_id: UUID


@dataclass(frozen=True)
class RoyaltyReported(Event):
    kind: ClassVar[str] = "contracts.royalty_reported"
    contract_id: UUID
    royalty_report_id: UUID


@dataclass(frozen=True)
class RoyaltyPaid(Event):
    kind: ClassVar[str] = "contracts.royalty_paid"
    contract_id: UUID
    royalty_report_id: UUID


@dataclass(frozen=True)
class RegistrationFiled(Event):
    kind: ClassVar[str] = "contracts.registration_filed"
    contract_id: UUID
    registration_id: UUID


@dataclass(frozen=True)
class ContractRegistered(Event):
    kind: ClassVar[str] = "contracts.contract_registered"
    contract_id: UUID
    registration_id: UUID


@dataclass(frozen=True)
class RegistrationRefused(Event):
    kind: ClassVar[str] = "contracts.registration_refused"
    contract_id: UUID
    registration_id: UUID


@dataclass(frozen=True)
class RegistrationRevoked(Event):
    kind: ClassVar[str] = "contracts.registration_revoked"
    contract_id: UUID
    registration_id: UUID
