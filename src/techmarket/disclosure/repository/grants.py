"""Grants of a tier and of single documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.lifecycle import GrantState
from techmarket.disclosure.repository.rooms import in_force
from techmarket.disclosure.tables import DataRoom, Grant

END_OF_TIME = datetime.max.replace(tzinfo=UTC)  # without a grant there is nothing to compare it with


@dataclass(frozen=True, slots=True)
class Granted:
    """What is open to one organisation now, and the time that was asked for."""

    tiers: Sequence[Grant] = ()
    documents: frozenset[UUID] = field(default_factory=frozenset)
    now: datetime = END_OF_TIME


async def list_granted(db: AsyncSession, org_id: UUID, subjects: Iterable[str], *, hold: bool = False) -> Granted:
    """The grants in force, read with the clock in one query. `hold` keeps them as they are until this is committed."""
    query = select(Grant, func.market_now()).where(
        Grant.org_id == org_id, Grant.subject.in_(sorted(set(subjects))), in_force()
    )
    if hold:
        query = query.order_by(Grant.id).with_for_update(of=Grant, read=True)
    rows = (await db.execute(query.execution_options(populate_existing=True))).all()
    if not rows:
        return Granted()
    return Granted(
        [grant for grant, _ in rows if grant.document_id is None],
        frozenset(grant.document_id for grant, _ in rows if grant.document_id is not None),
        rows[0][1],
    )


async def lock_open_grants(
    db: AsyncSession, org_id: UUID, subject: str, *, basis: str | None = None, document_id: UUID | None = None
) -> Sequence[Grant]:
    """Open grants of a tier, for one reason or all; or the one of a document."""
    query = select(Grant).where(Grant.org_id == org_id, Grant.subject == subject, Grant.state == GrantState.OPEN)
    query = query.where(Grant.document_id.is_(None) if document_id is None else Grant.document_id == document_id)
    if basis is not None:
        query = query.where(Grant.basis == basis)
    query = query.order_by(Grant.id).with_for_update().execution_options(populate_existing=True)
    return (await db.execute(query)).scalars().all()


async def lock_grant(db: AsyncSession, grant_id: UUID) -> tuple[Grant, DataRoom] | None:
    query = select(Grant, DataRoom).join(DataRoom, DataRoom.subject == Grant.subject).where(Grant.id == grant_id)
    query = query.with_for_update(of=Grant).execution_options(populate_existing=True)
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1]) if row is not None else None


async def list_grants(db: AsyncSession, subject: str, *, before: UUID | None, limit: int) -> Sequence[Grant]:
    query = select(Grant).where(Grant.subject == subject).order_by(Grant.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Grant.id < before)
    return (await db.execute(query)).scalars().all()
