"""Every query about recoveries of organisations' administrators."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.hub.lifecycle import RecoveryState
from techmarket.hub.tables import AdministratorRecovery
from techmarket.kernel.refusals import NotFound

OPEN = (RecoveryState.PROPOSED, RecoveryState.WAITING)


async def lock_recovery(db: AsyncSession, recovery_id: UUID) -> AdministratorRecovery:
    query = select(AdministratorRecovery).where(AdministratorRecovery.id == recovery_id).with_for_update()
    row = (await db.execute(query, execution_options={"populate_existing": True})).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_recovery(db: AsyncSession, recovery_id: UUID) -> AdministratorRecovery:
    row = await db.get(AdministratorRecovery, recovery_id)
    if row is None:
        raise NotFound()
    return row


async def find_open(db: AsyncSession, org_id: UUID) -> UUID | None:
    query = select(AdministratorRecovery.id).where(
        AdministratorRecovery.org_id == org_id, AdministratorRecovery.state.in_(OPEN)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def list_recoveries(
    db: AsyncSession, *, org_id: UUID | None, state: RecoveryState | None, before: UUID | None, limit: int
) -> Sequence[AdministratorRecovery]:
    """The newest first."""
    query = select(AdministratorRecovery).order_by(AdministratorRecovery.id.desc()).limit(limit)
    if org_id is not None:
        query = query.where(AdministratorRecovery.org_id == org_id)
    if state is not None:
        query = query.where(AdministratorRecovery.state == state)
    if before is not None:
        query = query.where(AdministratorRecovery.id < before)
    return (await db.execute(query)).scalars().all()


async def forget_names(db: AsyncSession, invitation_ids: Sequence[UUID]) -> None:
    """Who joined by one of these invitations has been erased."""
    named = AdministratorRecovery.invitation_id.in_(invitation_ids)
    await db.execute(update(AdministratorRecovery).where(named).values(name=""))
