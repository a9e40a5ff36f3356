"""Every query of identity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Double, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.identity.actor import OrgKind
from techmarket.identity.tables import ApiKey, Membership, Organisation, Person, Qualification
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound


async def lock_organisation(db: AsyncSession, org_id: UUID) -> Organisation:
    row = (
        await db.execute(select(Organisation).where(Organisation.id == org_id).with_for_update())
    ).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_organisation(db: AsyncSession, org_id: UUID) -> Organisation:
    row = await db.get(Organisation, org_id)
    if row is None:
        raise NotFound()
    return row


async def find_by_uscc(db: AsyncSession, uscc: str) -> Organisation | None:
    return (await db.execute(select(Organisation).where(Organisation.uscc == uscc))).scalar_one_or_none()


async def find_membership(db: AsyncSession, person_id: UUID, org_id: UUID) -> tuple[Person, Membership] | None:
    query = (
        select(Person, Membership)
        .join(Membership, Membership.person_id == Person.id)
        .where(Person.id == person_id, Membership.org_id == org_id, Membership.ended_at.is_(None))
    )
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def list_organisations(
    db: AsyncSession, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Organisation]:
    query = select(Organisation).order_by(Organisation.created_at, Organisation.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(Organisation.created_at, Organisation.id) > after)
    return (await db.execute(query)).scalars().all()


async def find_key(db: AsyncSession, prefix: str) -> tuple[ApiKey, Organisation, Membership, bool, float | None] | None:
    """The key, whom it acts for, whether it is in force by the database's real clock, and for how many seconds yet."""
    seconds_left = func.extract("epoch", ApiKey.expires_at - func.clock_timestamp()).cast(Double)
    in_force = (ApiKey.revoked_at.is_(None)) & (
        ApiKey.expires_at.is_(None) | (ApiKey.expires_at > func.clock_timestamp())
    )
    query = (
        select(ApiKey, Organisation, Membership, in_force, seconds_left)
        .join(Organisation, Organisation.id == ApiKey.org_id)
        .join(Membership, (Membership.person_id == ApiKey.person_id) & (Membership.org_id == ApiKey.org_id))
        .where(ApiKey.prefix == prefix, Membership.ended_at.is_(None))
    )
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1], row[2], bool(row[3]), row[4]) if row else None


async def lock_key(db: AsyncSession, key_id: UUID) -> ApiKey:
    row = (await db.execute(select(ApiKey).where(ApiKey.id == key_id).with_for_update())).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def find_market(db: AsyncSession) -> Organisation | None:
    query = select(Organisation).where(Organisation.kind == OrgKind.MARKET).order_by(Organisation.created_at).limit(1)
    return (await db.execute(query)).scalar_one_or_none()


async def put_qualification(
    db: AsyncSession, person_id: UUID, *, kind: str, level: str, valid_until: date | None
) -> Qualification:
    query = (
        upsert(Qualification)
        .values(id=new_id(), person_id=person_id, kind=kind, level=level, valid_until=valid_until)
        .on_conflict_do_update(
            index_elements=[Qualification.person_id, Qualification.kind, Qualification.level],
            set_={"valid_until": valid_until},
        )
        .returning(Qualification)
    )
    return (await db.execute(query, execution_options={"populate_existing": True})).scalar_one()
