"""Every query of disclosure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.lifecycle import GrantState, QuestionState
from techmarket.disclosure.tables import DataRoom, Document, DocumentReadRow, Grant, Question
from techmarket.disclosure.tiers import Tier
from techmarket.kernel.refusals import NotFound


async def open_rooms(db: AsyncSession, owners: Mapping[str, UUID]) -> None:
    if owners:
        rows = [{"subject": subject, "owner_org_id": org, "is_public": False} for subject, org in owners.items()]
        await db.execute(insert(DataRoom).on_conflict_do_nothing(), rows)


async def set_public(db: AsyncSession, subjects: Collection[str], is_public: bool) -> None:
    query = update(DataRoom).where(DataRoom.subject.in_(subjects)).values(is_public=is_public)
    await db.execute(query.execution_options(synchronize_session=False))


async def get_room(db: AsyncSession, subject: str) -> DataRoom:
    query = select(DataRoom).where(DataRoom.subject == subject).execution_options(populate_existing=True)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_room(db: AsyncSession, subject: str) -> DataRoom:
    query = (
        select(DataRoom).where(DataRoom.subject == subject).with_for_update().execution_options(populate_existing=True)
    )
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_open_grants(db: AsyncSession, org_id: UUID, subjects: Iterable[str]) -> Sequence[Grant]:
    query = select(Grant).where(
        Grant.org_id == org_id, Grant.subject.in_(set(subjects)), Grant.state == GrantState.OPEN
    )
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def lock_open_grants(db: AsyncSession, org_id: UUID, subject: str, basis: str | None) -> Sequence[Grant]:
    query = select(Grant).where(Grant.org_id == org_id, Grant.subject == subject, Grant.state == GrantState.OPEN)
    if basis is not None:
        query = query.where(Grant.basis == basis)
    query = query.order_by(Grant.id).with_for_update().execution_options(populate_existing=True)
    return (await db.execute(query)).scalars().all()


async def lock_grant(db: AsyncSession, grant_id: UUID) -> Grant:
    query = select(Grant).where(Grant.id == grant_id).with_for_update().execution_options(populate_existing=True)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_grants(db: AsyncSession, subject: str, *, before: UUID | None, limit: int) -> Sequence[Grant]:
    query = select(Grant).where(Grant.subject == subject).order_by(Grant.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Grant.id < before)
    return (await db.execute(query)).scalars().all()


async def count_documents(db: AsyncSession, subject: str) -> int:
    query = select(func.count()).select_from(Document).where(Document.subject == subject)
    return int((await db.execute(query)).scalar_one())


async def last_version(db: AsyncSession, subject: str, folder: str, name: str) -> int:
    query = select(func.coalesce(func.max(Document.version), 0)).where(
        Document.subject == subject, Document.folder == folder, Document.name == name
    )
    return int((await db.execute(query)).scalar_one())


async def list_documents(
    db: AsyncSession, subject: str, reach: Tier, *, after: UUID | None, limit: int
) -> Sequence[Document]:
    query = select(Document).where(Document.subject == subject, Document.tier <= int(reach))
    query = query.order_by(Document.id).limit(limit)
    if after is not None:
        query = query.where(Document.id > after)
    return (await db.execute(query)).scalars().all()


async def get_document(db: AsyncSession, document_id: UUID) -> Document:
    row = await db.get(Document, document_id)
    if row is None:
        raise NotFound()
    return row


async def list_reads(
    db: AsyncSession, document_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[DocumentReadRow]:
    query = select(DocumentReadRow).where(DocumentReadRow.document_id == document_id)
    query = query.order_by(DocumentReadRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(DocumentReadRow.id < before)
    return (await db.execute(query)).scalars().all()


async def lock_question(db: AsyncSession, question_id: UUID) -> Question:
    query = (
        select(Question).where(Question.id == question_id).with_for_update().execution_options(populate_existing=True)
    )
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def count_open_questions(db: AsyncSession, subject: str, asker_org_id: UUID) -> int:
    query = (
        select(func.count())
        .select_from(Question)
        .where(
            Question.subject == subject,
            Question.asker_org_id == asker_org_id,
            Question.state == QuestionState.ASKED,
        )
    )
    return int((await db.execute(query)).scalar_one())


async def list_questions(
    db: AsyncSession, subject: str, *, unanswered_of: UUID | None, all_unanswered: bool, before: UUID | None, limit: int
) -> Sequence[Question]:
    """Answered questions are for everyone; unanswered ones for who asked them, or all of them."""
    query = select(Question).where(Question.subject == subject).order_by(Question.id.desc()).limit(limit)
    if not all_unanswered:
        answered = Question.state == QuestionState.ANSWERED
        query = query.where(
            answered if unanswered_of is None else or_(answered, Question.asker_org_id == unanswered_of)
        )
    if before is not None:
        query = query.where(Question.id < before)
    return (await db.execute(query)).scalars().all()
