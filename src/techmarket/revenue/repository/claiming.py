"""Queries about reworked lines and about rewards that are owed back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import and_, any_, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.ids import Ref
from techmarket.kernel.refusals import NotFound
from techmarket.revenue.case import Group
from techmarket.revenue.events import DistributionReversed
from techmarket.revenue.lifecycle import ClaimState, ReworkState
from techmarket.revenue.repository.sets import IDS
from techmarket.revenue.tables import DistributionLine, LineRework, LineReworkProof, RewardClaim, RewardClaimEntry


async def get_rework(db: AsyncSession, rework_id: UUID) -> LineRework:
    row = await db.get(LineRework, rework_id, populate_existing=True)
    if row is None:
        raise NotFound()
    return row


async def list_reworks(db: AsyncSession, distribution_id: UUID) -> Sequence[LineRework]:
    query = select(LineRework).where(LineRework.distribution_id == distribution_id).order_by(LineRework.id)
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def find_live_rework(db: AsyncSession, distribution_id: UUID, n: int) -> LineRework | None:
    query = select(LineRework).where(
        LineRework.distribution_id == distribution_id, LineRework.n == n, LineRework.state != ReworkState.WITHDRAWN
    )
    return (await db.execute(query)).scalar_one_or_none()


async def find_rework_proof(db: AsyncSession, rework_id: UUID) -> LineReworkProof | None:
    return await db.get(LineReworkProof, rework_id)


async def last_line(db: AsyncSession, distribution_id: UUID) -> int:
    query = select(func.max(DistributionLine.n)).where(DistributionLine.distribution_id == distribution_id)
    return (await db.execute(query)).scalar_one() or 0


async def get_claim(db: AsyncSession, claim_id: UUID) -> RewardClaim:
    row = await db.get(RewardClaim, claim_id, populate_existing=True)
    if row is None:
        raise NotFound()
    return row


async def lock_claim(db: AsyncSession, claim_id: UUID) -> RewardClaim:
    query = select(RewardClaim).where(RewardClaim.id == claim_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_claim_of_line(db: AsyncSession, line_id: UUID) -> RewardClaim | None:
    query = select(RewardClaim).where(RewardClaim.distribution_line_id == line_id).with_for_update()
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


_WHY_REVERSED = text("""
SELECT facts ->> 'cause' FROM journal_entry
WHERE journal_about(refs, facts) @> jsonb_build_array(cast(:ref AS text)) AND kind = :kind
ORDER BY seq DESC LIMIT 1
""")


async def why_reversed(db: AsyncSession, distribution_id: UUID) -> str:
    """The cause for which a distribution was taken back, as the journal has it: it happens once."""
    about = {"ref": str(Ref("distribution", distribution_id)), "kind": DistributionReversed.kind}
    return str((await db.execute(_WHY_REVERSED, about)).scalar_one())


async def lock_open_claims(
    db: AsyncSession, unit_id: UUID, people: Collection[UUID], groups: Collection[Group]
) -> Sequence[RewardClaim]:
    """What these people, and these groups without named people, still owe the unit; the oldest claim first."""
    whom = or_(RewardClaim.person_id.in_(people), and_(RewardClaim.person_id.is_(None), RewardClaim.group.in_(groups)))
    query = (
        select(RewardClaim)
        .where(RewardClaim.unit_id == unit_id, RewardClaim.state == ClaimState.OPEN, whom)
        .order_by(RewardClaim.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def list_entries_of_lines(db: AsyncSession, line_ids: Collection[UUID]) -> Sequence[RewardClaimEntry]:
    """What stands set off against these lines."""
    if not line_ids:
        return []
    query = select(RewardClaimEntry).where(
        RewardClaimEntry.distribution_line_id == any_(literal(list(line_ids), IDS)),
        RewardClaimEntry.undone_at.is_(None),
    )
    return (await db.execute(query.order_by(RewardClaimEntry.id))).scalars().all()


async def lock_claims(db: AsyncSession, claim_ids: Collection[UUID]) -> Sequence[RewardClaim]:
    """Locked in the order of their ids."""
    query = select(RewardClaim).where(RewardClaim.id == any_(literal(list(claim_ids), IDS))).order_by(RewardClaim.id)
    return (await db.execute(query.with_for_update().execution_options(populate_existing=True))).scalars().all()


async def list_claims(
    db: AsyncSession, *, unit_id: UUID | None, person_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[RewardClaim]:
    """A person's own, or a unit's, or all; the newest first."""
    query = select(RewardClaim).order_by(RewardClaim.id.desc()).limit(limit)
    if unit_id is not None:
        query = query.where(RewardClaim.unit_id == unit_id)
    if person_id is not None:
        query = query.where(RewardClaim.person_id == person_id)
    if before is not None:
        query = query.where(RewardClaim.id < before)
    return (await db.execute(query)).scalars().all()
