"""Every query of certification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.certification.lifecycle import CertificateState
from techmarket.certification.tables import Certificate
from techmarket.kernel.refusals import NotFound

ALIVE = (CertificateState.PREPARED, CertificateState.ISSUED, CertificateState.SUSPENDED)


async def next_serial(db: AsyncSession, year: int) -> int:
    """The next number of the year; its row stays locked until the commit, so a rollback leaves no gap."""
    query = text(
        "INSERT INTO certificate_counter (year, last) VALUES (:year, 1)"
        " ON CONFLICT (year) DO UPDATE SET last = certificate_counter.last + 1 RETURNING last"
    )
    return int((await db.execute(query, {"year": year})).scalar_one())


async def lock_certificate(db: AsyncSession, certificate_id: UUID) -> Certificate:
    query = select(Certificate).where(Certificate.id == certificate_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def find_alive(db: AsyncSession, contract_id: UUID) -> Certificate | None:
    query = select(Certificate).where(Certificate.contract_id == contract_id, Certificate.state.in_(ALIVE))
    return (await db.execute(query)).scalar_one_or_none()


async def latest_issued(db: AsyncSession, contract_id: UUID) -> Certificate | None:
    query = select(Certificate).where(Certificate.contract_id == contract_id, Certificate.issued_at.is_not(None))
    return (await db.execute(query.order_by(Certificate.issued_at.desc()).limit(1))).scalar_one_or_none()


async def find_certificate(db: AsyncSession, wanted: UUID | str) -> Certificate | None:
    """By id, or by the number people read."""
    if isinstance(wanted, UUID):
        return await db.get(Certificate, wanted)
    return (await db.execute(select(Certificate).where(Certificate.number == wanted))).scalar_one_or_none()


async def find_by_jwt(db: AsyncSession, jwt_sha256: str) -> Certificate | None:
    return (await db.execute(select(Certificate).where(Certificate.jwt_sha256 == jwt_sha256))).scalar_one_or_none()


async def list_certificates(
    db: AsyncSession, *, state: CertificateState | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Certificate]:
    query = select(Certificate).order_by(Certificate.prepared_at.desc(), Certificate.id.desc()).limit(limit)
    if state is not None:
        query = query.where(Certificate.state == state)
    if after is not None:
        query = query.where(tuple_(Certificate.prepared_at, Certificate.id) < after)
    return (await db.execute(query)).scalars().all()
