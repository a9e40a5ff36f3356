"""Every query of signing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
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


async def list_called(db: AsyncSession, signing_ids: Collection[UUID]) -> Sequence[Any]:
    """Open places of open signings; in order only the first one."""
    query = text(
        "SELECT signing.id, signing.subject, place.org_id, place.person_id, place.role, place.position"
        " FROM signing JOIN signatory place ON place.signing_id = signing.id"
        " WHERE signing.id = ANY(:ids) AND signing.state = 'OPEN'"
        " AND NOT EXISTS (SELECT 1 FROM signature s WHERE s.signing_id = signing.id AND s.position = place.position)"
        " AND NOT (signing.in_order AND EXISTS (SELECT 1 FROM signatory earlier"
        " WHERE earlier.signing_id = signing.id AND earlier.position < place.position"
        " AND NOT EXISTS (SELECT 1 FROM signature s WHERE s.signing_id = signing.id"
        " AND s.position = earlier.position))) ORDER BY signing.id, place.position"
    )
    return (await db.execute(query, {"ids": list(signing_ids)})).all()
