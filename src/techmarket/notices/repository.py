"""Every query of notices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.notices.kinds import NoticeKind, Place
from techmarket.notices.lifecycle import STANDING, NoticeState, ObjectionState
from techmarket.notices.tables import Notice, NoticeLengthening, NoticePause, Objection, Posting


async def lock_notice(db: AsyncSession, notice_id: UUID) -> Notice:
    query = select(Notice).where(Notice.id == notice_id).with_for_update().execution_options(populate_existing=True)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def hold_notice(db: AsyncSession, notice_id: UUID) -> Notice:
    """The notice, kept as it is until the caller commits: an objection that came first is seen, a later one waits."""
    query = (
        select(Notice)
        .where(Notice.id == notice_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_if_running(db: AsyncSession, notice_id: UUID) -> Notice | None:
    """The notice if it is running and nobody is busy with it: whoever is, has his turn first."""
    query = (
        select(Notice)
        .where(Notice.id == notice_id, Notice.state == NoticeState.RUNNING)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def get_notice(db: AsyncSession, notice_id: UUID) -> Notice:
    row = await db.get(Notice, notice_id)
    if row is None:
        raise NotFound()
    return row


async def find_standing(db: AsyncSession, subject: str, kind: NoticeKind) -> Notice | None:
    query = select(Notice).where(Notice.subject == subject, Notice.kind == kind, Notice.state.in_(STANDING))
    return (await db.execute(query)).scalar_one_or_none()


async def find_latest(db: AsyncSession, subject: str, kind: NoticeKind) -> Notice | None:
    query = (
        select(Notice)
        .where(Notice.subject == subject, Notice.kind == kind)
        .order_by(Notice.created_at.desc(), Notice.id.desc())
        .limit(1)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def list_due(db: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    query = (
        select(Notice.id)
        .where(Notice.state == NoticeState.RUNNING, Notice.look_at <= now)
        .order_by(Notice.look_at)
        .limit(limit)
    )
    return (await db.execute(query)).scalars().all()


async def list_running(db: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[UUID]:
    query = select(Notice.id).where(Notice.state == NoticeState.RUNNING).order_by(Notice.id).limit(limit)
    if after is not None:
        query = query.where(Notice.id > after)
    return (await db.execute(query)).scalars().all()


def readable_by(org_id: UUID | None) -> ColumnElement[bool]:
    """What an organisation outside the market may know of."""
    if org_id is None:
        return Notice.public_since.is_not(None)
    return or_(
        Notice.public_since.is_not(None), Notice.owner_org_id == org_id, literal(org_id) == any_(Notice.reader_org_ids)
    )


async def list_notices(
    db: AsyncSession,
    *,
    readable: ColumnElement[bool] | None,
    kind: NoticeKind | None,
    state: NoticeState | None,
    subject: str | None,
    now: datetime,
    before: UUID | None,
    limit: int,
) -> Sequence[Notice]:
    query = select(Notice).order_by(Notice.id.desc()).limit(limit)
    if readable is not None:
        query = query.where(readable)
    if kind is not None:
        query = query.where(Notice.kind == kind)
    if state is not None:
        query = query.where(_stands_as(state, now))
    if subject is not None:
        query = query.where(Notice.subject == subject)
    if before is not None:
        query = query.where(Notice.id < before)
    return (await db.execute(query)).scalars().all()


def _stands_as(state: NoticeState, now: datetime) -> ColumnElement[bool]:
    has_ended = and_(Notice.state == NoticeState.RUNNING, Notice.look_at <= now)
    if state is NoticeState.CLEARED:
        return or_(Notice.state == state, has_ended)
    if state is NoticeState.RUNNING:
        return and_(Notice.state == state, Notice.look_at > now)
    return Notice.state == state


async def list_postings(db: AsyncSession, notice_id: UUID) -> Sequence[Posting]:
    query = select(Posting).where(Posting.notice_id == notice_id).order_by(Posting.at, Posting.place)
    return (await db.execute(query)).scalars().all()


async def posted(db: AsyncSession, notice_id: UUID) -> dict[Place, datetime]:
    return {row.place: row.at for row in await list_postings(db, notice_id)}


async def list_pauses(db: AsyncSession, notice_ids: Iterable[UUID]) -> dict[UUID, list[NoticePause]]:
    query = select(NoticePause).where(NoticePause.notice_id.in_(set(notice_ids))).order_by(NoticePause.began_at)
    found: dict[UUID, list[NoticePause]] = {}
    for row in (await db.execute(query)).scalars():
        found.setdefault(row.notice_id, []).append(row)
    return found


async def list_lengthenings(db: AsyncSession, notice_ids: Iterable[UUID]) -> dict[UUID, list[NoticeLengthening]]:
    query = (
        select(NoticeLengthening)
        .where(NoticeLengthening.notice_id.in_(set(notice_ids)))
        .order_by(NoticeLengthening.at, NoticeLengthening.id)
    )
    found: dict[UUID, list[NoticeLengthening]] = {}
    for row in (await db.execute(query)).scalars():
        found.setdefault(row.notice_id, []).append(row)
    return found


async def find_pause(db: AsyncSession, objection_id: UUID) -> NoticePause | None:
    query = select(NoticePause).where(NoticePause.objection_id == objection_id)
    return (await db.execute(query)).scalar_one_or_none()


async def get_objection(db: AsyncSession, objection_id: UUID) -> Objection:
    query = select(Objection).where(Objection.id == objection_id).execution_options(populate_existing=True)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_objections(db: AsyncSession, notice_id: UUID) -> Sequence[Objection]:
    query = select(Objection).where(Objection.notice_id == notice_id).order_by(Objection.filed_at, Objection.id)
    return (await db.execute(query)).scalars().all()


async def find_open_objection(db: AsyncSession, notice_id: UUID, person_id: UUID) -> Objection | None:
    query = select(Objection).where(
        Objection.notice_id == notice_id,
        Objection.by_person_id == person_id,
        Objection.state == ObjectionState.FILED,
    )
    return (await db.execute(query)).scalar_one_or_none()


async def count_open_objections(db: AsyncSession, notice_ids: Iterable[UUID]) -> dict[UUID, int]:
    query = (
        select(Objection.notice_id, func.count())
        .where(Objection.notice_id.in_(set(notice_ids)), Objection.state == ObjectionState.FILED)
        .group_by(Objection.notice_id)
    )
    return {notice_id: int(n) for notice_id, n in await db.execute(query)}
