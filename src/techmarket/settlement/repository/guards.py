"""Every query of what stands between paid money and its payee: holds, acts that need two, the declared account."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.settlement.lifecycle import ActState
from techmarket.settlement.rules import Act, HoldCause
from techmarket.settlement.tables import MoneyAct, ReleaseHold, SettlementAccount

_FRESH = {"populate_existing": True}


async def find_hold(db: AsyncSession, subject: str, cause: HoldCause) -> ReleaseHold | None:
    """The hold that stands for this cause, locked."""
    query = select(ReleaseHold).where(
        ReleaseHold.subject == subject, ReleaseHold.cause == cause, ReleaseHold.lifted_at.is_(None)
    )
    return (await db.execute(query.with_for_update().execution_options(**_FRESH))).scalar_one_or_none()


async def causes_held(db: AsyncSession, subject: str) -> Sequence[HoldCause]:
    query = select(ReleaseHold.cause).where(ReleaseHold.subject == subject, ReleaseHold.lifted_at.is_(None))
    return (await db.execute(query.order_by(ReleaseHold.cause))).scalars().all()


async def find_waiting(db: AsyncSession, act: Act, subject: str) -> MoneyAct | None:
    """The act that waits for a second person, locked."""
    query = select(MoneyAct).where(MoneyAct.act == act, MoneyAct.subject == subject, MoneyAct.state == ActState.WAITING)
    return (await db.execute(query.with_for_update().execution_options(**_FRESH))).scalar_one_or_none()


async def lock_act(db: AsyncSession, act_id: UUID) -> MoneyAct:
    query = select(MoneyAct).where(MoneyAct.id == act_id).with_for_update().execution_options(**_FRESH)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_acts(db: AsyncSession, *, state: ActState | None, after: UUID | None, limit: int) -> Sequence[MoneyAct]:
    query = select(MoneyAct).order_by(MoneyAct.id.desc()).limit(limit)
    if state is not None:
        query = query.where(MoneyAct.state == state)
    if after is not None:
        query = query.where(MoneyAct.id < after)
    return (await db.execute(query)).scalars().all()


async def find_account(db: AsyncSession) -> SettlementAccount | None:
    """The market's settlement account; None while it was not declared."""
    return (await db.execute(select(SettlementAccount))).scalar_one_or_none()
