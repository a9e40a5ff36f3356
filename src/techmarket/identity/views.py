"""What identity shows: frozen, already cut to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.identity.actor import OrgKind, Role, Scope
from techmarket.identity.lifecycle import IntentState, OrgState


@dataclass(frozen=True, slots=True)
class OrganisationView:
    id: UUID
    kind: OrgKind
    name: str
    name_en: str | None
    uscc: str | None
    region: str | None
    state: OrgState
    government_established: bool
    applies_local_rules: bool
    warnings: tuple[str, ...] = ()
    node_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PersonView:
    id: UUID
    name: str
    organisation_id: UUID
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class IssuedKeyView:
    """A key with its secret: shown once, when it is made."""

    id: UUID
    prefix: str
    key: str
    scopes: tuple[Scope, ...]
    expires_at: datetime | None


class KeyStanding(StrEnum):
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as lists show it: never its secret."""

    id: UUID
    prefix: str
    name: str | None
    person_id: UUID
    person_name: str
    scopes: tuple[Scope, ...]
    standing: KeyStanding
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaces_id: UUID | None


@dataclass(frozen=True, slots=True)
class ClientView:
    """A program of an organisation (OAuth 2 client); its secrets are never shown again."""

    id: UUID
    name: str
    organisation_id: UUID
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...]
    token_seconds: int
    created_by: UUID
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClientSecretView:
    """A client with its new secret: shown once."""

    client: ClientView
    client_secret: str
    older_secret_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenView:
    access_token: str
    seconds: int
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its owner sees it: never its token."""

    id: UUID
    organisation_id: UUID
    started_at: datetime
    ends_at: datetime
    idle_seconds: int
    second_factor_at: datetime | None
    last_used_at: datetime | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class SignedInView:
    """A session with its token: shown once."""

    session: SessionView
    token: str


@dataclass(frozen=True, slots=True)
class BegunView:
    """A sign-in sent to another house: where the browser goes, and the secret that only it keeps."""

    address: str
    browser_secret: str
    expires_at: datetime


class Came(StrEnum):
    """What came of a sign-in at another house."""

    SIGNED_IN = "SIGNED_IN"
    CODE_NEEDED = "CODE_NEEDED"
    LINKED = "LINKED"


@dataclass(frozen=True, slots=True)
class ReturnedView:
    came: Came
    return_to: str
    signed_in: SignedInView | None = None


@dataclass(frozen=True, slots=True)
class OutsideIdentityView:
    id: UUID
    provider: str
    issuer: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class SecondFactorView:
    """What an authenticator app needs; shown once."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class MemberView:
    person_id: UUID
    name: str
    roles: tuple[Role, ...]
    is_machine: bool
    has_login: bool
    has_second_factor: bool
    ended_at: datetime | None
    is_contact: bool = False


@dataclass(frozen=True, slots=True)
class InvitationView:
    """`token` is shown once, to the administrator who invites; `link` holds it behind a #, where no log sees it."""

    id: UUID
    organisation_id: UUID
    person_id: UUID | None
    name: str
    roles: tuple[Role, ...]
    expires_at: datetime
    token: str
    link: str


@dataclass(frozen=True, slots=True)
class DeputyshipView:
    id: UUID
    organisation_id: UUID
    principal_id: UUID
    deputy_id: UUID
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...]
    begins_at: datetime
    ends_at: datetime
    appointed_by: UUID
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class IntendedActView:
    """What somebody is going to do, as whoever agrees reads it."""

    id: UUID
    organisation_id: UUID
    operation: str
    method: str
    path: str
    body: dict[str, Any] | None
    state: IntentState
    asked_by: UUID
    asked_at: datetime
    expires_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ElevationView:
    id: UUID
    organisation_id: UUID
    person_id: UUID
    person_name: str
    reasons: str
    taken_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    was_justified: bool | None
    finding: str | None


@dataclass(frozen=True, slots=True)
class ClockView:
    """The market's time; in a sandbox, how many times as fast it runs, and what has just become due."""

    now: datetime
    sandbox: bool
    rate: int
    due: str | None = None


@dataclass(frozen=True, slots=True)
class RegistrationView:
    organisation: OrganisationView
    administrator: PersonView
    key: IssuedKeyView


@dataclass(frozen=True, slots=True)
class SelfView:
    person_id: UUID
    name: str
    organisation: OrganisationView
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class QualificationHeld:
    """What somebody is qualified as, and until when; None is without an end."""

    kind: str
    level: str
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class QualificationView:
    id: UUID
    person_id: UUID
    kind: str
    level: str
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class PersonalDataView:
    """A person's copy: rows about him by table."""

    person_id: UUID
    name: str
    created_at: datetime
    held: dict[str, list[dict[str, Any]]]
