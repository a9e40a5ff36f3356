"""Answers, feedback and learnt re-rankers: every query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.matching.tables import MatchAnswer, MatchFeedback, MatchModel

FEEDBACK_READ_MAX = 50_000


async def keep_answers(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Written once; the same answer again, a day later or more, only begins its time anew."""
    statement = insert(MatchAnswer).on_conflict_do_update(
        index_elements=["id"],
        set_={"at": text("market_now()")},
        where=text("match_answer.at < market_now() - interval '1 day'"),
    )
    await db.execute(statement, rows)


async def count_since_yesterday(db: AsyncSession, org_id: UUID, most: int) -> int:
    """How many answers of an organisation were kept within a day, as far as `most`."""
    some = select(MatchAnswer.id).where(
        MatchAnswer.org_id == org_id, MatchAnswer.at > text("market_now() - interval '1 day'")
    )
    return (await db.execute(select(func.count()).select_from(some.limit(most).subquery()))).scalar_one()


async def find_answer(db: AsyncSession, id: str) -> MatchAnswer | None:
    return await db.get(MatchAnswer, id)


async def find_latest_showing(db: AsyncSession, org_id: UUID, listing_id: UUID, other_id: UUID) -> MatchAnswer | None:
    """The latest answer that showed this organisation the other as a match of the listing; people are none."""
    query = (
        select(MatchAnswer)
        .where(MatchAnswer.org_id == org_id, MatchAnswer.listing_id == listing_id, MatchAnswer.kind == "matches")
        .where(MatchAnswer.shown.contains([str(other_id)]))
        .order_by(MatchAnswer.at.desc(), MatchAnswer.id)
        .limit(1)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def forget_answers(db: AsyncSession, *, days: int, days_of_searches: int, limit: int) -> int:
    """Old answers go, those to searches sooner, but for those that feedback rests on."""
    statement = text(
        "DELETE FROM match_answer WHERE id IN (SELECT a.id FROM match_answer a WHERE a.at < market_now()"
        " - make_interval(days => CASE kind WHEN 'search' THEN cast(:of_searches as int) ELSE cast(:days as int) END)"
        " AND NOT EXISTS (SELECT 1 FROM match_feedback f WHERE f.answer_id = a.id)"
        " ORDER BY a.at LIMIT :limit) RETURNING id"
    )
    return len((await db.execute(statement, {"days": days, "of_searches": days_of_searches, "limit": limit})).all())


async def put_feedback(db: AsyncSession, **values: Any) -> None:
    """One organisation's judgement of one match; a later one takes its place."""
    statement = insert(MatchFeedback).values(**values)
    changed = {name: statement.excluded[name] for name in values if name not in ("listing_id", "other_id", "org_id")}
    await db.execute(statement.on_conflict_do_update(index_elements=["listing_id", "other_id", "org_id"], set_=changed))


async def list_feedback(db: AsyncSession, *, listing_id: UUID, org_id: UUID) -> Sequence[MatchFeedback]:
    query = (
        select(MatchFeedback)
        .where(MatchFeedback.listing_id == listing_id, MatchFeedback.org_id == org_id)
        .order_by(MatchFeedback.at.desc(), MatchFeedback.other_id)
    )
    return (await db.execute(query)).scalars().all()


async def all_feedback(db: AsyncSession) -> Sequence[MatchFeedback]:
    query = select(MatchFeedback).order_by(MatchFeedback.at.desc(), MatchFeedback.other_id).limit(FEEDBACK_READ_MAX)
    return (await db.execute(query)).scalars().all()


async def active_model(db: AsyncSession) -> MatchModel | None:
    return (await db.execute(select(MatchModel).where(MatchModel.is_active))).scalar_one_or_none()


async def latest_model(db: AsyncSession) -> MatchModel | None:
    query = select(MatchModel).order_by(MatchModel.trained_at.desc(), MatchModel.id.desc()).limit(1)
    return (await db.execute(query)).scalar_one_or_none()


async def put_model(db: AsyncSession, row: MatchModel) -> None:
    """The newest training decides what is in use: it, or nothing."""
    await db.execute(update(MatchModel).values(is_active=False).where(MatchModel.is_active))
    db.add(row)
    await db.flush()
    await db.execute(
        delete(MatchModel).where(
            MatchModel.id.in_(select(MatchModel.id).order_by(MatchModel.trained_at.desc()).offset(30))
        )
    )
