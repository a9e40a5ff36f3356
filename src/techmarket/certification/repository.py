"""Every query of certification."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.certification.lifecycle import CertificateState
from techmarket.certification.statuslist import BITS, Place
from techmarket.certification.tables import Certificate
from techmarket.kernel.refusals import NotFound

STANDING = (CertificateState.ISSUED, CertificateState.SUSPENDED)


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


async def find_standing(db: AsyncSession, contract_id: UUID) -> Certificate | None:
    """The certificate that was issued and neither revoked nor replaced."""
    query = select(Certificate).where(Certificate.contract_id == contract_id, Certificate.state.in_(STANDING))
    return (await db.execute(query)).scalar_one_or_none()


async def find_prepared(db: AsyncSession, contract_id: UUID) -> Certificate | None:
    query = select(Certificate).where(
        Certificate.contract_id == contract_id, Certificate.state == CertificateState.PREPARED
    )
    return (await db.execute(query)).scalar_one_or_none()


async def find_replacement(db: AsyncSession, certificate_id: UUID) -> Certificate | None:
    """The certificate that stands in the place of this one, once it was issued."""
    query = select(Certificate).where(Certificate.replaces == certificate_id, Certificate.number.is_not(None))
    return (await db.execute(query)).scalar_one_or_none()


async def next_place(db: AsyncSession) -> Place:
    """A place in the status lists that nobody has, drawn at random so that it tells no order of issue.

    Called under the lock of the counter; a list is used by half, so that a few draws are enough.
    """
    issued = (await db.execute(select(func.count()).where(Certificate.status_list.is_not(None)))).scalar_one()
    n = issued // (BITS // 2)
    while True:
        place = Place(n, secrets.randbelow(BITS))
        taken = select(Certificate.id).where(
            Certificate.status_list == place.n, Certificate.status_index == place.index
        )
        if (await db.execute(taken)).scalar_one_or_none() is None:
            return place


async def set_bits(db: AsyncSession, n: int, states: Collection[CertificateState]) -> set[int]:
    """The places of a list whose certificates are in one of these states."""
    query = select(Certificate.status_index).where(Certificate.status_list == n, Certificate.state.in_(states))
    return {index for index in (await db.execute(query)).scalars() if index is not None}


async def lists_in_use(db: AsyncSession) -> int:
    """How many status lists there are; the first is there before any certificate."""
    last = (await db.execute(select(func.max(Certificate.status_list)))).scalar_one()
    return 1 if last is None else last + 1


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
