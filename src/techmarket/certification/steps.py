"""What later rooms may ask of certification inside their own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.certification import repository
from techmarket.certification.lifecycle import CertificateState


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    id: UUID
    number: str | None
    state: CertificateState
    issued_at: datetime | None


async def certificate_of(db: AsyncSession, contract_id: UUID) -> CertificateFacts | None:
    """The certificate of a contract that is prepared, issued or suspended; None when there is none that lives."""
    row = await repository.find_alive(db, contract_id)
    return None if row is None else CertificateFacts(row.id, row.number, row.state, row.issued_at)
