"""What happened to achievements: ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class AchievementDrafted(Event):
    kind: ClassVar[str] = "achievements.drafted"
    achievement_id: UUID
    organisation_id: UUID
    version_sha256: str | None = None


@dataclass(frozen=True)
class AchievementAmended(Event):
    kind: ClassVar[str] = "achievements.amended"
    achievement_id: UUID
    revision: int
    version_sha256: str | None = None


@dataclass(frozen=True)
class AchievementRecorded(Event):
    kind: ClassVar[str] = "achievements.recorded"
    achievement_id: UUID
    organisation_id: UUID
    version_sha256: str | None = None


@dataclass(frozen=True)
class AchievementRetired(Event):
    kind: ClassVar[str] = "achievements.retired"
    achievement_id: UUID


@dataclass(frozen=True)
class AchievementIdle(Event):
    """A year has passed since grant or registration without an agreement: its completers may act (ZJR art. 38)."""

    kind: ClassVar[str] = "achievements.idle"
    achievement_id: UUID
    organisation_id: UUID
    idle_from: date


@dataclass(frozen=True)
class CompleterConfirmed(Event):
    kind: ClassVar[str] = "achievements.completer_confirmed"
    achievement_id: UUID
    person_id: UUID
    position: int


@dataclass(frozen=True)
class AchievementClaimed(Event):
    """A trade or contract under way counts on it."""

    kind: ClassVar[str] = "achievements.claimed"
    achievement_id: UUID
    by: str


@dataclass(frozen=True)
class ClaimReleased(Event):
    kind: ClassVar[str] = "achievements.claim_released"
    achievement_id: UUID
    by: str


@dataclass(frozen=True)
class ConsentAsked(Event):
    kind: ClassVar[str] = "achievements.consent_asked"
    consent_id: UUID
    achievement_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class ConsentWithdrawn(Event):
    kind: ClassVar[str] = "achievements.consent_withdrawn"
    consent_id: UUID
    achievement_id: UUID


@dataclass(frozen=True)
class CoOwnerConsented(Event):
    kind: ClassVar[str] = "achievements.co_owner_consented"
    consent_id: UUID
    achievement_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class LicenceEnded(Event):
    kind: ClassVar[str] = "achievements.licence_ended"
    encumbrance_id: UUID
    achievement_id: UUID


@dataclass(frozen=True)
class LicenceEntered(Event):
    kind: ClassVar[str] = "achievements.licence_entered"
    encumbrance_id: UUID
    achievement_id: UUID
    licence_kind: str


@dataclass(frozen=True)
class EncumbranceRecorded(Event):
    kind: ClassVar[str] = "achievements.encumbrance_recorded"
    encumbrance_id: UUID
    achievement_id: UUID
    burden_kind: str


@dataclass(frozen=True)
class EncumbranceReleased(Event):
    kind: ClassVar[str] = "achievements.encumbrance_released"
    encumbrance_id: UUID
    achievement_id: UUID
    released_on: date


@dataclass(frozen=True)
class AttestationFiled(Event):
    """A unit says, with a file, that a burden of another's ended or that its holder agrees; it does not count yet."""

    kind: ClassVar[str] = "achievements.attestation_filed"
    attestation_id: UUID
    encumbrance_id: UUID
    achievement_id: UUID
    act: str
    evidence_sha256: str


@dataclass(frozen=True)
class AttestationEnded(Event):
    """It was confirmed or refused by a second eye, or taken back."""

    kind: ClassVar[str] = "achievements.attestation_ended"
    attestation_id: UUID
    encumbrance_id: UUID
    achievement_id: UUID
    state: str


@dataclass(frozen=True)
class PledgeeConsented(Event):
    kind: ClassVar[str] = "achievements.pledgee_consented"
    encumbrance_id: UUID
    achievement_id: UUID
    evidence_sha256: str


@dataclass(frozen=True)
class AchievementEvaluated(Event):
    kind: ClassVar[str] = "achievements.evaluated"
    evaluation_id: UUID
    achievement_id: UUID
    evidence_sha256: str


@dataclass(frozen=True)
class EvaluationWithdrawn(Event):
    kind: ClassVar[str] = "achievements.evaluation_withdrawn"
    evaluation_id: UUID
    achievement_id: UUID


@dataclass(frozen=True)
class TitleChanged(Event):
    """Owners or shares changed by a contract or a vesting, as this version says."""

    kind: ClassVar[str] = "achievements.title_changed"
    achievement_id: UUID
    by: str
    revision: int
    version_sha256: str


@dataclass(frozen=True)
class VestingApplied(Event):
    kind: ClassVar[str] = "achievements.vesting_applied"
    vesting_id: UUID
    achievement_id: UUID
    vesting_kind: str


@dataclass(frozen=True)
class VestingApproved(Event):
    kind: ClassVar[str] = "achievements.vesting_approved"
    vesting_id: UUID
    achievement_id: UUID
    notice_id: UUID
    decision_sha256: str


@dataclass(frozen=True)
class VestingSigningOpened(Event):
    kind: ClassVar[str] = "achievements.vesting_signing_opened"
    vesting_id: UUID
    achievement_id: UUID
    signing_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class VestingSigned(Event):
    kind: ClassVar[str] = "achievements.vesting_signed"
    vesting_id: UUID
    signed: int
    required: int


@dataclass(frozen=True)
class VestingInForce(Event):
    kind: ClassVar[str] = "achievements.vesting_in_force"
    vesting_id: UUID
    achievement_id: UUID
    vesting_kind: str


@dataclass(frozen=True)
class VestingEnded(Event):
    """It came to nothing: refused, withdrawn or lapsed."""

    kind: ClassVar[str] = "achievements.vesting_ended"
    vesting_id: UUID
    achievement_id: UUID
    state: str


@dataclass(frozen=True)
class ApprovalDrawnUp(Event):
    kind: ClassVar[str] = "achievements.approval_drawn_up"
    approval_id: UUID
    organisation_id: UUID
    approval_kind: str
    document_sha256: str


@dataclass(frozen=True)
class ApprovalSigned(Event):
    kind: ClassVar[str] = "achievements.approval_signed"
    approval_id: UUID
    signed: int
    required: int


@dataclass(frozen=True)
class ApprovalInForce(Event):
    kind: ClassVar[str] = "achievements.approval_in_force"
    approval_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class ApprovalRevoked(Event):
    kind: ClassVar[str] = "achievements.approval_revoked"
    approval_id: UUID
