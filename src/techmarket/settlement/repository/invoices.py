"""Every query of invoices."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from techmarket.kernel.refusals import NotFound
from techmarket.settlement.tables import Due, Invoice

_FRESH = {"populate_existing": True}


async def lock_invoice(db: AsyncSession, invoice_id: UUID) -> Invoice:
    query = select(Invoice).where(Invoice.id == invoice_id).with_for_update().execution_options(**_FRESH)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def standing_of(db: AsyncSession, due_id: UUID) -> Sequence[Invoice]:
    """The invoices of a due that are no corrections and were not corrected."""
    correction = aliased(Invoice)
    query = (
        select(Invoice)
        .where(
            Invoice.due_id == due_id,
            Invoice.corrects.is_(None),
            ~select(correction.id).where(correction.corrects == Invoice.id).exists(),
        )
        .order_by(Invoice.id)
        .with_for_update()
    )
    return (await db.execute(query)).scalars().all()


async def is_corrected(db: AsyncSession, invoice_id: UUID) -> bool:
    query = select(Invoice.id).where(Invoice.corrects == invoice_id)
    return (await db.execute(query)).scalar_one_or_none() is not None


async def is_number_taken(db: AsyncSession, number: str) -> bool:
    return (await db.execute(select(Invoice.id).where(Invoice.number == number))).scalar_one_or_none() is not None


async def list_invoices(
    db: AsyncSession, *, org_id: UUID | None, is_issued: bool | None, after: UUID | None, limit: int
) -> Sequence[tuple[Invoice, Due]]:
    """With the due of each; the newest first."""
    query = select(Invoice, Due).join(Due, Due.id == Invoice.due_id).order_by(Invoice.id.desc()).limit(limit)
    if org_id is not None:
        query = query.where(or_(Invoice.seller_org == org_id, Invoice.buyer_org == org_id))
    if is_issued is not None:
        query = query.where(Invoice.number.is_not(None) if is_issued else Invoice.number.is_(None))
    if after is not None:
        query = query.where(Invoice.id < after)
    return [(invoice, due) for invoice, due in await db.execute(query)]
