"""The queries about who acts for whom: deputies of colleagues, and elevations of the market's operators."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.identity.lifecycle import IntentState
from techmarket.identity.tables import Deputyship, Elevation, IntendedAct, Membership, Organisation, Person


async def lock_deputyship(db: AsyncSession, deputyship_id: UUID) -> Deputyship | None:
    query = select(Deputyship).where(Deputyship.id == deputyship_id).with_for_update()
    return (await db.execute(query)).scalar_one_or_none()


async def find_deputyship(
    db: AsyncSession, deputyship_id: UUID, *, deputy_id: UUID, org_id: UUID
) -> tuple[Deputyship, Membership] | None:
    """A deputyship that is in force now, with what its principal may do today."""
    query = (
        select(Deputyship, Membership)
        .join(Membership, (Membership.person_id == Deputyship.principal_id) & (Membership.org_id == Deputyship.org_id))
        .where(
            Deputyship.id == deputyship_id,
            Deputyship.deputy_id == deputy_id,
            Deputyship.org_id == org_id,
            Deputyship.revoked_at.is_(None),
            Deputyship.begins_at <= func.clock_timestamp(),
            Deputyship.ends_at > func.clock_timestamp(),
            Membership.ended_at.is_(None),
        )
    )
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def list_deputyships(
    db: AsyncSession, org_id: UUID, *, person_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[Deputyship]:
    """Of an organisation, oldest first; of one person, those she appointed or is."""
    query = select(Deputyship).where(Deputyship.org_id == org_id).order_by(Deputyship.id).limit(limit)
    if person_id is not None:
        query = query.where((Deputyship.principal_id == person_id) | (Deputyship.deputy_id == person_id))
    if after is not None:
        query = query.where(Deputyship.id > after)
    return (await db.execute(query)).scalars().all()


async def lock_elevation(db: AsyncSession, elevation_id: UUID) -> Elevation | None:
    query = select(Elevation).where(Elevation.id == elevation_id).with_for_update()
    return (await db.execute(query)).scalar_one_or_none()


async def find_unreviewed(db: AsyncSession, person_id: UUID, org_id: UUID) -> Elevation | None:
    query = select(Elevation).where(
        Elevation.person_id == person_id, Elevation.org_id == org_id, Elevation.reviewed_at.is_(None)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def find_elevation(
    db: AsyncSession, elevation_id: UUID, *, person_id: UUID, session_id: UUID
) -> tuple[Elevation, Organisation] | None:
    """An elevation that runs now, of this person in the session it was taken in."""
    query = (
        select(Elevation, Organisation)
        .join(Organisation, Organisation.id == Elevation.org_id)
        .where(
            Elevation.id == elevation_id,
            Elevation.person_id == person_id,
            Elevation.session_id == session_id,
            Elevation.ended_at.is_(None),
            Elevation.ends_at > func.clock_timestamp(),
        )
    )
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def list_elevations(
    db: AsyncSession, *, org_id: UUID | None, unreviewed: bool, before: UUID | None, limit: int
) -> Sequence[tuple[Elevation, str]]:
    """Newest first, each with the name of who took it."""
    query = (
        select(Elevation, Person.name)
        .join(Person, Person.id == Elevation.person_id)
        .order_by(Elevation.id.desc())
        .limit(limit)
    )
    if org_id is not None:
        query = query.where(Elevation.org_id == org_id)
    if unreviewed:
        query = query.where(Elevation.reviewed_at.is_(None))
    if before is not None:
        query = query.where(Elevation.id < before)
    return [(row[0], row[1]) for row in (await db.execute(query)).all()]


async def lock_intended_act(db: AsyncSession, act_id: UUID) -> IntendedAct | None:
    query = select(IntendedAct).where(IntendedAct.id == act_id).with_for_update()
    return (await db.execute(query, execution_options={"populate_existing": True})).scalar_one_or_none()


async def list_intended_acts(
    db: AsyncSession,
    org_id: UUID,
    *,
    state: IntentState | None,
    person_id: UUID,
    operations: Collection[str],
    before: UUID | None,
    limit: int,
) -> Sequence[IntendedAct]:
    """Newest first: those of a person, and those about these operations."""
    query = (
        select(IntendedAct)
        .where(
            IntendedAct.org_id == org_id,
            (IntendedAct.asked_by == person_id) | IntendedAct.operation.in_(operations),
        )
        .order_by(IntendedAct.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(IntendedAct.state == state)
    if before is not None:
        query = query.where(IntendedAct.id < before)
    return (await db.execute(query)).scalars().all()
