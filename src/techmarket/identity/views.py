"""What identity shows: frozen, already cut to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from techmarket.identity.actor import OrgKind, Role, Scope
from techmarket.identity.lifecycle import OrgState


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
class QualificationView:
    id: UUID
    person_id: UUID
    kind: str
    level: str
    valid_until: date | None
