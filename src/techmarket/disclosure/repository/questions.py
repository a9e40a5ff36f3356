"""Questions and answers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.lifecycle import QuestionState
from techmarket.disclosure.repository.rooms import is_invited
from techmarket.disclosure.tables import DataRoom, Question
from techmarket.disclosure.tiers import Reach, Tier
from techmarket.identity.actor import Actor


async def lock_question(db: AsyncSession, question_id: UUID, actor: Actor) -> tuple[Question, DataRoom, bool] | None:
    """With its room, and whether a tier of it is open to the reader."""
    query = select(Question, DataRoom, is_invited(actor)).join(DataRoom, DataRoom.subject == Question.subject)
    query = query.where(Question.id == question_id).with_for_update(of=Question)
    row = (await db.execute(query.execution_options(populate_existing=True))).one_or_none()
    return (row[0], row[1], row[2]) if row is not None else None


async def count_open_questions(db: AsyncSession, subject: str, asker_org_id: UUID) -> int:
    query = select(func.count()).select_from(Question)
    query = query.where(
        Question.subject == subject, Question.asker_org_id == asker_org_id, Question.state == QuestionState.ASKED
    )
    return int((await db.execute(query)).scalar_one())


async def list_questions(
    db: AsyncSession,
    subject: str,
    *,
    reach: Reach,
    asked_by: UUID | None,
    sees_all: bool,
    before: UUID | None,
    limit: int,
) -> Sequence[Question]:
    """Answered ones for whoever reaches the tier of the answer; besides, his own for who asked, or simply all."""
    query = select(Question).where(Question.subject == subject).order_by(Question.id.desc()).limit(limit)
    if not sees_all:
        open_to_him = Question.tier.in_([int(tier) for tier in Tier if reach.opens(tier)])
        answered = and_(Question.state == QuestionState.ANSWERED, open_to_him)
        query = query.where(answered if asked_by is None else or_(answered, Question.asker_org_id == asked_by))
    if before is not None:
        query = query.where(Question.id < before)
    return (await db.execute(query)).scalars().all()
