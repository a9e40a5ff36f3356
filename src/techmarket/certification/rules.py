"""The rules of certification: two pairs of eyes, none of them a party's, and facts that stayed what they were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from techmarket.certification import errors


def require_outside(person_orgs: Collection[UUID], party_orgs: Collection[UUID]) -> None:
    """A certifier belongs to none of the parties, through whichever of his memberships."""
    if set(person_orgs) & set(party_orgs):
        raise errors.CertifierBelongsToParty()


def require_second_person(prepared_by: UUID, person: UUID) -> None:
    """One certifier prepares, another decides."""
    if prepared_by == person:
        raise errors.SecondPersonNeeded()


def require_same_facts(prepared: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Approval stands on the facts that were prepared: if any of them changed, nothing is issued."""
    changed = sorted(name for name in prepared.keys() | now.keys() if prepared.get(name) != now.get(name))
    if changed:
        raise errors.FactsChanged(changed=changed)
