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
class ContractAwaitsClearance(Event):
    """All have signed; it takes effect with the licence of the authority."""

    kind: ClassVar[str] = "contracts.awaits_clearance"
    contract_id: UUID


@dataclass(frozen=True)
class ClearanceRecorded(Event):
    kind: ClassVar[str] = "contracts.clearance_recorded"
    contract_id: UUID
    clearance: str


@dataclass(frozen=True)
class TrialBegun(Event):
    kind: ClassVar[str] = "contracts.trial_begun"
    contract_id: UUID


@dataclass(frozen=True)
class TrialEnded(Event):
    """`outcome` is accepted, declined or lapsed."""

    kind: ClassVar[str] = "contracts.trial_ended"
    contract_id: UUID
    outcome: str


@dataclass(frozen=True)
class TitleHandedOver(Event):
    kind: ClassVar[str] = "contracts.title_handed_over"
    contract_id: UUID


@dataclass(frozen=True)
class TitleRestored(Event):
    """The title is the seller's again: its contract does not stand."""

    kind: ClassVar[str] = "contracts.title_restored"
    contract_id: UUID


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
class PaymentUndone(Event):
    """What was paid for a line or a report went back."""

    kind: ClassVar[str] = "contracts.payment_undone"
    contract_id: UUID
    due_id: UUID


@dataclass(frozen=True)
class RoyaltyReported(Event):
    kind: ClassVar[str] = "contracts.royalty_reported"
    contract_id: UUID
    royalty_report_id: UUID


@dataclass(frozen=True)
class RoyaltyCorrected(Event):
    kind: ClassVar[str] = "contracts.royalty_corrected"
    contract_id: UUID
    royalty_report_id: UUID
    n: int


@dataclass(frozen=True)
class LateInterestRaised(Event):
    """What was paid late bears interest, which is due by itself."""

    kind: ClassVar[str] = "contracts.late_interest_raised"
    contract_id: UUID
    due_id: UUID


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


@dataclass(frozen=True)
class ChangeProposed(Event):
    kind: ClassVar[str] = "contracts.change_proposed"
    contract_id: UUID
    change_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class ChangeDecided(Event):
    """`outcome` is AGREED, REJECTED or WITHDRAWN."""

    kind: ClassVar[str] = "contracts.change_decided"
    contract_id: UUID
    change_id: UUID
    outcome: str


@dataclass(frozen=True)
class ContractChanged(Event):
    """All have signed other terms: whatever was said of the contract was said of its earlier text."""

    kind: ClassVar[str] = "contracts.contract_changed"
    contract_id: UUID
    change_id: UUID


@dataclass(frozen=True)
class CureDemanded(Event):
    kind: ClassVar[str] = "contracts.cure_demanded"
    contract_id: UUID
    breach_id: UUID


@dataclass(frozen=True)
class BreachClosed(Event):
    """`outcome` is CURED, WITHDRAWN or ENDED_CONTRACT."""

    kind: ClassVar[str] = "contracts.breach_closed"
    contract_id: UUID
    breach_id: UUID
    outcome: str


@dataclass(frozen=True)
class DeadlinePassed(Event):
    """Something was not done by its day."""

    kind: ClassVar[str] = "contracts.deadline_passed"
    contract_id: UUID
    deadline_id: UUID
    what: str


@dataclass(frozen=True)
class LicenceFiled(Event):
    kind: ClassVar[str] = "contracts.licence_filed"
    contract_id: UUID


@dataclass(frozen=True)
class AuthorityRecorded(Event):
    kind: ClassVar[str] = "contracts.authority_recorded"
    authority_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class AuthorityDecided(Event):
    """`outcome` is CONFIRMED, REFUSED or REVOKED."""

    kind: ClassVar[str] = "contracts.authority_decided"
    authority_id: UUID
    outcome: str


@dataclass(frozen=True)
class ContractAttested(Event):
    """One of the market's people has seen the original of a contract made elsewhere."""

    kind: ClassVar[str] = "contracts.contract_attested"
    contract_id: UUID
    document_sha256: str
    attested: int


@dataclass(frozen=True)
class ContractConfirmed(Event):
    """A party says that the record of a contract made elsewhere is what it signed."""

    kind: ClassVar[str] = "contracts.contract_confirmed"
    contract_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class RegistrationCorrected(Event):
    kind: ClassVar[str] = "contracts.registration_corrected"
    contract_id: UUID
    registration_id: UUID
    n: int


@dataclass(frozen=True)
class SignatureOrdered(Event):
    kind: ClassVar[str] = "contracts.signature_ordered"
    contract_id: UUID
    order_id: UUID
    provider: str


@dataclass(frozen=True)
class SignatureOrderEnded(Event):
    """`outcome` is SIGNED, DECLINED or FAILED."""

    kind: ClassVar[str] = "contracts.signature_order_ended"
    contract_id: UUID
    order_id: UUID
    outcome: str
