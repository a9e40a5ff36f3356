"""What later rooms may ask of certification inside their own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.certification import repository
from techmarket.certification.lifecycle import CertificateState, Why


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    id: UUID
    number: str | None
    state: CertificateState
    issued_at: datetime | None


async def certificate_of(db: AsyncSession, contract_id: UUID) -> CertificateFacts | None:
    """The certificate of a contract that is prepared, issued or suspended; None when there is none that lives."""
    row = await repository.find_standing(db, contract_id) or await repository.find_prepared(db, contract_id)
    return None if row is None else CertificateFacts(row.id, row.number, row.state, row.issued_at)


@dataclass(frozen=True, slots=True)
class IssuedFacts:
    """The public card of a certificate that has a number."""

    number: str
    state: CertificateState
    since: datetime
    why: Why | None
    issued_at: datetime


async def latest_issued(db: AsyncSession, contract_id: UUID) -> IssuedFacts | None:
    """The certificate of a contract that was issued last, whether it still stands or not."""
    row = await repository.latest_issued(db, contract_id)
    if row is None or row.number is None or row.issued_at is None:
        return None
    return IssuedFacts(row.number, row.state, row.since, row.why, row.issued_at)
