"""Texts of non-disclosure agreements, and who agreed to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.lifecycle import GrantState, NdaState
from techmarket.disclosure.tables import Grant, Nda, NdaText


async def list_texts(db: AsyncSession, owner_org_id: UUID, subject: str | None = None) -> Sequence[NdaText]:
    """All texts of an owner; with a subject those that may stand for it."""
    query = select(NdaText).where(NdaText.owner_org_id == owner_org_id).order_by(NdaText.id)
    if subject is not None:
        query = query.where(or_(NdaText.subject.is_(None), NdaText.subject == subject))
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def find_text(db: AsyncSession, text_id: UUID) -> NdaText | None:
    query = select(NdaText).where(NdaText.id == text_id).execution_options(populate_existing=True)
    return (await db.execute(query)).scalar_one_or_none()


async def find_nda(db: AsyncSession, nda_id: UUID, *, lock: bool = False) -> tuple[Nda, NdaText] | None:
    query = select(Nda, NdaText).join(NdaText, NdaText.id == Nda.text_id).where(Nda.id == nda_id)
    if lock:
        query = query.with_for_update(of=Nda)
    row = (await db.execute(query.execution_options(populate_existing=True))).one_or_none()
    return (row[0], row[1]) if row is not None else None


async def lock_standing(db: AsyncSession, org_id: UUID, subject: str) -> Sequence[Nda]:
    """What this organisation has waiting or in force for this subject."""
    query = select(Nda).where(
        Nda.org_id == org_id, Nda.subject == subject, Nda.state.in_([NdaState.SIGNED, NdaState.IN_FORCE])
    )
    query = query.order_by(Nda.id).with_for_update().execution_options(populate_existing=True)
    return (await db.execute(query)).scalars().all()


async def is_running(db: AsyncSession, org_id: UUID, subject: str, now: datetime) -> bool:
    """A running agreement, held as it is until this transaction ends."""
    query = select(Nda.id).where(
        Nda.org_id == org_id, Nda.subject == subject, Nda.state == NdaState.IN_FORCE, Nda.until > now
    )
    return (await db.execute(query.with_for_update(read=True))).first() is not None


async def newest_of(db: AsyncSession, org_id: UUID, subject: str) -> tuple[Nda, NdaText] | None:
    query = select(Nda, NdaText).join(NdaText, NdaText.id == Nda.text_id)
    query = query.where(Nda.org_id == org_id, Nda.subject == subject).order_by(Nda.id.desc()).limit(1)
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1]) if row is not None else None


async def page_ndas(
    db: AsyncSession,
    *,
    owner_org_id: UUID | None,
    org_id: UUID | None,
    subject: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[tuple[Nda, NdaText]]:
    """Newest first: those a side has, or, without a side, all."""
    query = select(Nda, NdaText).join(NdaText, NdaText.id == Nda.text_id).order_by(Nda.id.desc()).limit(limit)
    if owner_org_id is not None:
        query = query.where(Nda.owner_org_id == owner_org_id)
    if org_id is not None:
        query = query.where(Nda.org_id == org_id)
    if subject is not None:
        query = query.where(Nda.subject == subject)
    if before is not None:
        query = query.where(Nda.id < before)
    return [(row[0], row[1]) for row in await db.execute(query)]


async def cut(
    db: AsyncSession,
    owner_org_id: UUID,
    text_ids: Collection[UUID],
    *,
    subject: str | None,
    at: datetime,
    beside: Collection[str] = (),
) -> int:
    """Agreements to these texts, and the tiers they opened, end at that time at the latest; returns how many do.

    For one subject, or for all but those `beside`.
    """
    ndas = update(Nda).where(
        Nda.owner_org_id == owner_org_id, Nda.text_id.in_(text_ids), Nda.state == NdaState.IN_FORCE, Nda.until > at
    )
    if subject is not None:
        ndas = ndas.where(Nda.subject == subject)
    if beside:
        ndas = ndas.where(Nda.subject.not_in(beside))
    returned = ndas.values(until=at).returning(Nda.org_id, Nda.subject)
    holders = [tuple(row) for row in await db.execute(returned.execution_options(synchronize_session=False))]
    grants = update(Grant).where(
        tuple_(Grant.org_id, Grant.subject).in_(holders), Grant.basis == "nda", Grant.state == GrantState.OPEN
    )
    await db.execute(grants.values(until=at).execution_options(synchronize_session=False))
    return len(holders)
