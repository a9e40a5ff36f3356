"""Requests for access."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.lifecycle import RequestState
from techmarket.disclosure.tables import AccessRequest


async def find_request(db: AsyncSession, request_id: UUID, *, lock: bool = False) -> AccessRequest | None:
    query = select(AccessRequest).where(AccessRequest.id == request_id)
    if lock:
        query = query.with_for_update()
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def lock_waiting_request(db: AsyncSession, org_id: UUID, subject: str) -> AccessRequest | None:
    query = select(AccessRequest).where(
        AccessRequest.org_id == org_id, AccessRequest.subject == subject, AccessRequest.state == RequestState.ASKED
    )
    query = query.with_for_update().execution_options(populate_existing=True)
    return (await db.execute(query)).scalar_one_or_none()


async def page_requests(
    db: AsyncSession, *, owner_org_id: UUID | None, org_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[AccessRequest]:
    """Newest first: those a side has, or, without a side, all."""
    query = select(AccessRequest).order_by(AccessRequest.id.desc()).limit(limit)
    if owner_org_id is not None:
        query = query.where(AccessRequest.owner_org_id == owner_org_id)
    if org_id is not None:
        query = query.where(AccessRequest.org_id == org_id)
    if before is not None:
        query = query.where(AccessRequest.id < before)
    return (await db.execute(query)).scalars().all()
