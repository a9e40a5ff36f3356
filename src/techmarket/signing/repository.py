"""Every query of signing."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.signing.tables import SignatoryRow, Signature, Signing


async def lock_signing(db: AsyncSession, signing_id: UUID) -> Signing:
    query = select(Signing).where(Signing.id == signing_id).with_for_update().execution_options(populate_existing=True)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_signing(db: AsyncSession, signing_id: UUID) -> Signing:
    row = await db.get(Signing, signing_id)
    if row is None:
        raise NotFound()
    return row


async def list_signatories(db: AsyncSession, signing_id: UUID) -> Sequence[SignatoryRow]:
    query = select(SignatoryRow).where(SignatoryRow.signing_id == signing_id).order_by(SignatoryRow.position)
    return (await db.execute(query)).scalars().all()


async def list_signatures(db: AsyncSession, signing_id: UUID) -> Sequence[Signature]:
    query = select(Signature).where(Signature.signing_id == signing_id).order_by(Signature.at, Signature.position)
    return (await db.execute(query)).scalars().all()
