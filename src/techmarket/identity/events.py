"""What happened in identity: ids only, never a name, an address or a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from techmarket.identity.actor import OrgKind
from techmarket.kernel.events import Event


@dataclass(frozen=True)
class OrganisationRegistered(Event):
    kind: ClassVar[str] = "identity.organisation_registered"
    organisation_id: UUID
    org_kind: OrgKind


@dataclass(frozen=True)
class OrganisationVerified(Event):
    kind: ClassVar[str] = "identity.organisation_verified"
    organisation_id: UUID


@dataclass(frozen=True)
class OrganisationSuspendedEvent(Event):
    kind: ClassVar[str] = "identity.organisation_suspended"
    organisation_id: UUID


@dataclass(frozen=True)
class PersonAdded(Event):
    kind: ClassVar[str] = "identity.person_added"
    person_id: UUID
    organisation_id: UUID
    roles: tuple[str, ...]


@dataclass(frozen=True)
class KeyIssued(Event):
    """`is_further`: by a credential of the same person, who had one before."""

    kind: ClassVar[str] = "identity.key_issued"
    key_id: UUID
    person_id: UUID
    organisation_id: UUID
    is_further: bool = False


@dataclass(frozen=True)
class KeyRotated(Event):
    kind: ClassVar[str] = "identity.key_rotated"
    key_id: UUID
    successor_id: UUID


@dataclass(frozen=True)
class KeyRevoked(Event):
    kind: ClassVar[str] = "identity.key_revoked"
    key_id: UUID


@dataclass(frozen=True)
class ClientRegistered(Event):
    kind: ClassVar[str] = "identity.client_registered"
    client_id: UUID
    person_id: UUID
    organisation_id: UUID
    roles: tuple[str, ...]
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class ClientSecretRotated(Event):
    kind: ClassVar[str] = "identity.client_secret_rotated"
    client_id: UUID


@dataclass(frozen=True)
class ClientRevoked(Event):
    kind: ClassVar[str] = "identity.client_revoked"
    client_id: UUID


@dataclass(frozen=True)
class PersonInvited(Event):
    kind: ClassVar[str] = "identity.person_invited"
    invitation_id: UUID
    organisation_id: UUID
    roles: tuple[str, ...]
    person_id: UUID | None = None


@dataclass(frozen=True)
class ContactSet(Event):
    """Whom the market asks before it lets anybody new administer the organisation; None: its administrators alone."""

    kind: ClassVar[str] = "identity.contact_set"
    organisation_id: UUID
    person_id: UUID | None


@dataclass(frozen=True)
class InvitationAccepted(Event):
    kind: ClassVar[str] = "identity.invitation_accepted"
    invitation_id: UUID
    person_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class InvitationWithdrawn(Event):
    kind: ClassVar[str] = "identity.invitation_withdrawn"
    invitation_id: UUID


@dataclass(frozen=True)
class ByTwoSet(Event):
    """From now on a colleague has to agree to these operations beforehand."""

    kind: ClassVar[str] = "identity.by_two_set"
    organisation_id: UUID
    operations: tuple[str, ...]


@dataclass(frozen=True)
class ActIntended(Event):
    kind: ClassVar[str] = "identity.act_intended"
    intended_act_id: UUID
    organisation_id: UUID
    operation: str
    digest: str


@dataclass(frozen=True)
class ActAgreed(Event):
    kind: ClassVar[str] = "identity.act_agreed"
    intended_act_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class ActRefused(Event):
    kind: ClassVar[str] = "identity.act_refused"
    intended_act_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class DeputyAppointed(Event):
    """`person_id` may act for `principal_id`, with these of her roles, until then."""

    kind: ClassVar[str] = "identity.deputy_appointed"
    deputyship_id: UUID
    person_id: UUID
    principal_id: UUID
    organisation_id: UUID
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class DeputyRevoked(Event):
    kind: ClassVar[str] = "identity.deputy_revoked"
    deputyship_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class ElevationTaken(Event):
    """Somebody of the market acts for this organisation until then; told at once to it and to the market's staff."""

    kind: ClassVar[str] = "identity.elevation_taken"
    elevation_id: UUID
    person_id: UUID
    organisation_id: UUID
    until: datetime


@dataclass(frozen=True)
class LookedUnderElevation(Event):
    """Somebody of the market read this address of the organisation's under his elevation."""

    kind: ClassVar[str] = "identity.looked_under_elevation"
    elevation_id: UUID
    organisation_id: UUID
    address: str


@dataclass(frozen=True)
class ElevationEnded(Event):
    kind: ClassVar[str] = "identity.elevation_ended"
    elevation_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class ElevationReviewed(Event):
    kind: ClassVar[str] = "identity.elevation_reviewed"
    elevation_id: UUID
    organisation_id: UUID
    was_justified: bool


@dataclass(frozen=True)
class RolesChanged(Event):
    kind: ClassVar[str] = "identity.roles_changed"
    person_id: UUID
    organisation_id: UUID
    roles: tuple[str, ...]


@dataclass(frozen=True)
class MembershipEnded(Event):
    kind: ClassVar[str] = "identity.membership_ended"
    person_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class LoginSet(Event):
    kind: ClassVar[str] = "identity.login_set"
    person_id: UUID


@dataclass(frozen=True)
class SecondFactorSet(Event):
    kind: ClassVar[str] = "identity.second_factor_set"
    person_id: UUID


@dataclass(frozen=True)
class RecoveryCodeUsed(Event):
    kind: ClassVar[str] = "identity.recovery_code_used"
    person_id: UUID


@dataclass(frozen=True)
class SessionStarted(Event):
    kind: ClassVar[str] = "identity.session_started"
    session_id: UUID
    person_id: UUID
    organisation_id: UUID
    by_second_factor: bool
    identity_id: UUID | None = None


@dataclass(frozen=True)
class OutsideIdentityLinked(Event):
    kind: ClassVar[str] = "identity.outside_identity_linked"
    identity_id: UUID
    person_id: UUID
    provider: str


@dataclass(frozen=True)
class OutsideIdentityUnlinked(Event):
    kind: ClassVar[str] = "identity.outside_identity_unlinked"
    identity_id: UUID
    person_id: UUID


@dataclass(frozen=True)
class SessionEnded(Event):
    kind: ClassVar[str] = "identity.session_ended"
    session_id: UUID


@dataclass(frozen=True)
class SecondFactorAsked(Event):
    """From now on the organisation asks for a second factor at acts with consequences, at most so many seconds old."""

    kind: ClassVar[str] = "identity.second_factor_asked"
    organisation_id: UUID
    seconds: int | None


@dataclass(frozen=True)
class QualificationGranted(Event):
    kind: ClassVar[str] = "identity.qualification_granted"
    person_id: UUID
    qualification: str
    level: str


@dataclass(frozen=True)
class ClockRuns(Event):
    kind: ClassVar[str] = "sandbox.clock_runs"
    rate: int


@dataclass(frozen=True)
class ClockMoved(Event):
    kind: ClassVar[str] = "sandbox.clock_moved"
    to: datetime


@dataclass(frozen=True)
class PersonCorrected(Event):
    kind: ClassVar[str] = "identity.person_corrected"
    person_id: UUID


@dataclass(frozen=True)
class PersonErased(Event):
    """Later rooms let go of what they keep about the person that the law does not ask them to keep."""

    kind: ClassVar[str] = "identity.person_erased"
    person_id: UUID
