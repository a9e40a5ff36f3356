"""What people say of themselves so that they can be found: every query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.matching.tables import MatchProfile


@dataclass(frozen=True, slots=True)
class Profile:
    """`is_listed` is the person's own consent; without it nobody finds him, whatever the profile says."""

    is_listed: bool
    statement_zh: str | None = None
    statement_en: str | None = None
    keywords: tuple[str, ...] = ()
    region: str | None = None


def terms_of(row: MatchProfile) -> dict[str, Any]:
    """A profile in the words of a listing: its keywords stand for a title, its statements for a summary."""
    return {"title_zh": " ".join(row.keywords), "summary_zh": row.statement_zh, "summary_en": row.statement_en}


async def find(db: AsyncSession, person_id: UUID) -> MatchProfile | None:
    return await db.get(MatchProfile, person_id)


async def put(db: AsyncSession, person_id: UUID, profile: Profile, now: datetime) -> MatchProfile:
    values = {
        "is_listed": profile.is_listed,
        "statement_zh": profile.statement_zh,
        "statement_en": profile.statement_en,
        "keywords": list(profile.keywords),
        "region": profile.region,
        "changed_at": now,
    }
    statement = insert(MatchProfile).values(person_id=person_id, **values)
    query = statement.on_conflict_do_update(index_elements=["person_id"], set_=values).returning(MatchProfile)
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one()


async def get_many(db: AsyncSession, person_ids: Iterable[UUID]) -> dict[UUID, MatchProfile]:
    query = select(MatchProfile).where(MatchProfile.person_id.in_(set(person_ids)), MatchProfile.is_listed)
    return {row.person_id: row for row in (await db.execute(query)).scalars()}


async def listed_among(db: AsyncSession, person_ids: Iterable[UUID]) -> set[UUID]:
    query = select(MatchProfile.person_id).where(MatchProfile.person_id.in_(set(person_ids)), MatchProfile.is_listed)
    return set((await db.execute(query)).scalars())


async def list_listed(db: AsyncSession, *, after: UUID | None, limit: int) -> list[MatchProfile]:
    """Those who let themselves be found; held, so that nobody takes it back before what is made of it is written."""
    query = select(MatchProfile).where(MatchProfile.is_listed).order_by(MatchProfile.person_id).limit(limit)
    query = query.with_for_update(read=True)
    if after is not None:
        query = query.where(MatchProfile.person_id > after)
    return list((await db.execute(query)).scalars())
