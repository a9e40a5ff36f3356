"""Who stands before a certificate, and how it is shown to him."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.certification import repository, rules
from techmarket.certification.lifecycle import CertificateState
from techmarket.certification.tables import Certificate
from techmarket.certification.views import CertificateView
from techmarket.contracts import steps as contracts
from techmarket.contracts.steps import ContractFacts
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import Permission, require
from techmarket.kernel.refusals import NotFound

NUMBER_FORM = re.compile(r"ZJ-[0-9]{4}-[0-9]{6,}")


async def judged(
    db: AsyncSession, actor: Actor, certificate_id: UUID, permission: Permission
) -> tuple[Certificate, ContractFacts]:
    """The certificate, locked, for a certifier who may decide about it."""
    certificate = await repository.lock_certificate(db, certificate_id)
    contract = await contracts.get_contract(db, certificate.contract_id)
    if not await knows(db, actor, certificate):
        raise NotFound()
    await require_certifier(db, actor, permission, contract)
    return certificate, contract


async def require_certifier(db: AsyncSession, actor: Actor, permission: Permission, contract: ContractFacts) -> None:
    """A certifier of the market who belongs to no party, through whichever organisation."""
    if not actor.is_market and actor.org_id not in contract.parties:
        raise NotFound()
    require(actor, permission, parties=contract.parties)
    person = (await identity.get_people(db, [actor.person]))[actor.person]
    rules.require_outside(person.org_ids, contract.parties)


async def find(db: AsyncSession, wanted: str) -> Certificate:
    """By number or id; None of either is not found."""
    key: UUID | str | None = wanted if NUMBER_FORM.fullmatch(wanted) else _as_uuid(wanted)
    found = await repository.find_certificate(db, key) if key is not None else None
    if found is None:
        raise NotFound()
    return found


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def knows(db: AsyncSession, actor: Actor, certificate: Certificate) -> bool:
    """Staff know every certificate; a party those of its contracts, once issued."""
    if actor.is_market:
        return True
    contract = await contracts.get_contract(db, certificate.contract_id)
    return certificate.number is not None and actor.org_id in contract.parties


async def replaced_by(db: AsyncSession, row: Certificate) -> str | None:
    """The number of what stands in its place."""
    if row.state is not CertificateState.REPLACED:
        return None
    other = await repository.find_replacement(db, row.id)
    return None if other is None else other.number


def card(row: Certificate, by: str | None = None) -> CertificateView:
    return CertificateView(
        row.id, row.number, row.state, row.since, row.why, row.issued_at, row.jwt_sha256, replaced_by=by
    )


def whole(row: Certificate, stated: dict[str, Any] | None, by: str | None = None) -> CertificateView:
    return CertificateView(
        id=row.id,
        number=row.number,
        state=row.state,
        since=row.since,
        why=row.why,
        issued_at=row.issued_at,
        credential_sha256=row.jwt_sha256,
        contract_id=row.contract_id,
        prepared_by=row.prepared_by,
        approved_by=row.approved_by,
        facts_sha256=row.facts_sha256,
        facts=stated,
        reasons=row.reasons,
        replaces=row.replaces,
        replaced_by=by,
    )
