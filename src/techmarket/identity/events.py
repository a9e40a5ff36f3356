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
    kind: ClassVar[str] = "identity.key_issued"
    key_id: UUID
    person_id: UUID
    organisation_id: UUID


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
class QualificationGranted(Event):
    kind: ClassVar[str] = "identity.qualification_granted"
    person_id: UUID
    qualification: str
    level: str


@dataclass(frozen=True)
class ClockMoved(Event):
    kind: ClassVar[str] = "sandbox.clock_moved"
    to: datetime
