"""Every query of notices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    Uuid,
    and_,
    any_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.journal import JournalEntry
from techmarket.kernel.refusals import NotFound
from techmarket.notices.kinds import NoticeKind, Place
from techmarket.notices.lifecycle import STANDING, NoticeState, ObjectionState
from techmarket.notices.tables import (
    Evidence,
    Notice,
    NoticeEntry,
    NoticeLengthening,
    NoticePause,
    NoticeVersion,
    Objection,
    ObjectionEvidence,
    Posting,
)


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


async def get_notices(db: AsyncSession, notice_ids: Collection[UUID]) -> dict[UUID, Notice]:
    if not notice_ids:
        return {}
    rows = await db.execute(select(Notice).where(Notice.id.in_(notice_ids)))
    return {row.id: row for row in rows.scalars()}


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


async def lock_former(
    db: AsyncSession, kind: NoticeKind, owner_org: UUID, about: Sequence[str], buyers: Collection[UUID]
) -> Sequence[Notice]:
    """The owner's notices of this kind about any of these things to any of these buyers, newest first."""
    query = (
        select(Notice)
        .where(
            Notice.owner_org_id == owner_org,
            Notice.kind == kind,
            Notice.about.bool_op("&&")(cast(list(about), ARRAY(String))),
            Notice.buyer_org_ids.bool_op("&&")(cast(list(buyers), ARRAY(Uuid))),
        )
        .order_by(Notice.created_at.desc(), Notice.id.desc())
        .with_for_update(key_share=True)
    )
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


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
    owner: UUID | None,
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
    if owner is not None:
        query = query.where(Notice.owner_org_id == owner)
    if before is not None:
        query = query.where(Notice.id < before)
    return (await db.execute(query)).scalars().all()


async def list_about(
    db: AsyncSession, subjects: Collection[str], readable: ColumnElement[bool] | None
) -> Sequence[Notice]:
    """All notices about these subjects that the reader may know of, in the order they were opened."""
    query = select(Notice).where(Notice.subject.in_(subjects)).order_by(Notice.created_at, Notice.id)
    if readable is not None:
        query = query.where(readable)
    return (await db.execute(query)).scalars().all()


def _stands_as(state: NoticeState, now: datetime) -> ColumnElement[bool]:
    has_ended = and_(Notice.state == NoticeState.RUNNING, Notice.look_at <= now)
    if state is NoticeState.CLEARED:
        return or_(Notice.state == state, has_ended)
    if state is NoticeState.RUNNING:
        # While its end cannot be counted, for want of a calendar, it runs.
        return and_(Notice.state == state, or_(Notice.look_at.is_(None), Notice.look_at > now))
    return Notice.state == state


async def list_postings(db: AsyncSession, notice_id: UUID) -> Sequence[Posting]:
    query = select(Posting).where(Posting.notice_id == notice_id).order_by(Posting.at, Posting.place)
    return (await db.execute(query)).scalars().all()


async def count_shown_for(db: AsyncSession, notice: Notice, hashes: Collection[str]) -> dict[str, int]:
    """For how many other notices of the same owner each of these files is given as evidence of a posting."""
    if not hashes:
        return {}
    query = (
        select(Posting.evidence_sha256, func.count(Posting.notice_id.distinct()))
        .join(Notice, Notice.id == Posting.notice_id)
        .where(
            Posting.evidence_sha256.in_(hashes),
            Notice.owner_org_id == notice.owner_org_id,
            Notice.id != notice.id,
        )
        .group_by(Posting.evidence_sha256)
    )
    return {str(row[0]): row[1] for row in await db.execute(query)}


async def posted(db: AsyncSession, notice_id: UUID) -> dict[Place, datetime]:
    """Since when the notice stands in each place, in whatever version."""
    found: dict[Place, datetime] = {}
    for row in await list_postings(db, notice_id):
        found.setdefault(row.place, row.at)
    return found


async def list_versions(db: AsyncSession, notice_ids: Collection[UUID]) -> Sequence[NoticeVersion]:
    query = select(NoticeVersion).where(NoticeVersion.notice_id.in_(notice_ids))
    return (await db.execute(query.order_by(NoticeVersion.at, NoticeVersion.n))).scalars().all()


async def list_predecessors(db: AsyncSession, notice: Notice, at_most: int) -> list[Notice]:
    """The notices this one replaced, the nearest first."""
    found: list[Notice] = []
    last = notice
    while last.replaces_id is not None and len(found) < at_most:
        last = await get_notice(db, last.replaces_id)
        found.append(last)
    return found


async def find_successor(db: AsyncSession, notice_id: UUID) -> UUID | None:
    return (await db.execute(select(Notice.id).where(Notice.replaces_id == notice_id))).scalar_one_or_none()


async def stands_for(db: AsyncSession, notice_id: UUID) -> list[UUID]:
    """The notice and those put in its place since, the last one last; a notice that was only taken down ends it."""
    chain = (
        select(Notice.id, Notice.state, literal(0).label("n"))
        .where(Notice.id == notice_id)
        .cte("standing_for", recursive=True)
    )
    after = select(Notice.id, Notice.state, chain.c.n + 1).join(chain, Notice.replaces_id == chain.c.id)
    chain = chain.union_all(after.where(chain.c.state == NoticeState.REPLACED))
    return list((await db.execute(select(chain.c.id).order_by(chain.c.n))).scalars())


async def list_entries(db: AsyncSession, notice_id: UUID) -> Sequence[NoticeEntry]:
    """In the order in which they were written."""
    query = select(NoticeEntry).join(JournalEntry, JournalEntry.id == NoticeEntry.entry_id)
    query = query.where(NoticeEntry.notice_id == notice_id).order_by(JournalEntry.seq)
    return (await db.execute(query)).scalars().all()


# --- evidence -------------------------------------------------------------------------------------------------------


async def keep_evidence(
    db: AsyncSession, *, org_id: UUID, sha256: str, size: int, media_type: str, by_person_id: UUID, at: datetime
) -> Evidence:
    """The same bytes of the same organisation are one piece of evidence, kept since the first time."""
    values = {"size": size, "media_type": media_type, "by_person_id": by_person_id, "at": at}
    row = insert(Evidence).values(org_id=org_id, sha256=sha256, **values)
    again = {"kept_at": func.clock_timestamp()}  # whoever uploads it anew has his week anew
    await db.execute(row.on_conflict_do_update(index_elements=[Evidence.org_id, Evidence.sha256], set_=again))
    kept = await find_evidence(db, org_id, sha256)
    assert kept is not None
    return kept


async def name_evidence(db: AsyncSession, org_id: UUID, hashes: Collection[str]) -> set[str]:
    """Which of these the organisation keeps; something rests on them from now on, and nobody sweeps them."""
    if not hashes:
        return set()
    # In one order, so that two who name the same files do not wait for each other.
    held = select(Evidence.sha256).where(Evidence.org_id == org_id, Evidence.sha256.in_(set(hashes)))
    kept = set((await db.execute(held.order_by(Evidence.sha256).with_for_update(key_share=True))).scalars())
    unnamed = (Evidence.org_id == org_id, Evidence.sha256.in_(kept), Evidence.named_at.is_(None))
    await db.execute(update(Evidence).where(*unnamed).values(named_at=func.clock_timestamp()))
    return kept


async def forget_unnamed_evidence(db: AsyncSession, *, after: timedelta, limit: int) -> set[str]:
    """Take out what was kept for so long and never named; returns the hashes. What is just being named is left."""
    chosen = (
        select(Evidence.org_id, Evidence.sha256)
        .where(Evidence.named_at.is_(None), Evidence.kept_at < func.clock_timestamp() - after)
        .order_by(Evidence.kept_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = [(row.org_id, row.sha256) for row in await db.execute(chosen)]
    if rows:
        await db.execute(delete(Evidence).where(tuple_(Evidence.org_id, Evidence.sha256).in_(rows)))
    return {sha256 for _, sha256 in rows}


async def find_evidence(db: AsyncSession, org_id: UUID, sha256: str) -> Evidence | None:
    return await db.get(Evidence, (org_id, sha256))


async def count_evidence_since(db: AsyncSession, org_id: UUID, since: datetime) -> int:
    query = select(func.count()).select_from(Evidence).where(Evidence.org_id == org_id, Evidence.at > since)
    return int((await db.execute(query)).scalar_one())


async def evidence_of(db: AsyncSession, objection_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    query = (
        select(ObjectionEvidence)
        .where(ObjectionEvidence.objection_id.in_(set(objection_ids)))
        .order_by(ObjectionEvidence.at, ObjectionEvidence.sha256)
    )
    found: dict[UUID, list[str]] = {}
    for row in (await db.execute(query)).scalars():
        found.setdefault(row.objection_id, []).append(row.sha256)
    return found


# --- pauses and lengthenings ----------------------------------------------------------------------------------------


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


async def find_pause(db: AsyncSession, notice_id: UUID, objection_id: UUID) -> NoticePause | None:
    query = select(NoticePause).where(NoticePause.notice_id == notice_id, NoticePause.objection_id == objection_id)
    return (await db.execute(query)).scalar_one_or_none()


# --- objections -----------------------------------------------------------------------------------------------------


async def get_objection(db: AsyncSession, objection_id: UUID) -> Objection:
    query = select(Objection).where(Objection.id == objection_id).execution_options(populate_existing=True)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_objections(db: AsyncSession, notice_id: UUID) -> Sequence[Objection]:
    """Those that stand against this notice, and those that were carried from it to its successor."""
    query = select(Objection).where(or_(Objection.notice_id == notice_id, Objection.carried_from_id == notice_id))
    return (await db.execute(query.order_by(Objection.filed_at, Objection.id))).scalars().all()


async def list_open_objections(db: AsyncSession, notice_id: UUID) -> Sequence[Objection]:
    query = select(Objection).where(Objection.notice_id == notice_id, Objection.state == ObjectionState.FILED)
    return (await db.execute(query.order_by(Objection.filed_at, Objection.id))).scalars().all()


async def list_lapsed(db: AsyncSession, notice_id: UUID) -> Sequence[Objection]:
    """Those that ended with the notice they stood against, undecided."""
    query = select(Objection).where(Objection.notice_id == notice_id, Objection.state == ObjectionState.LAPSED)
    return (await db.execute(query.order_by(Objection.filed_at, Objection.id))).scalars().all()


def of_party(org_id: UUID, person_id: UUID, owner_org_id: UUID) -> ColumnElement[bool]:
    """An organisation is one party; of the owner's own people each stands for himself."""
    if org_id == owner_org_id:
        return Objection.by_person_id == person_id
    return Objection.by_org_id == org_id


async def has_open_objection(db: AsyncSession, notice_id: UUID, party: ColumnElement[bool]) -> bool:
    query = select(Objection.id).where(Objection.notice_id == notice_id, party, Objection.state == ObjectionState.FILED)
    return (await db.execute(query.limit(1))).first() is not None


async def count_filed_by(db: AsyncSession, notice_id: UUID, party: ColumnElement[bool]) -> int:
    """How many objections of the party stand or stood against this notice."""
    query = select(func.count()).where(Objection.notice_id == notice_id, party)
    return (await db.execute(query)).scalar_one()


async def list_ended_on(
    db: AsyncSession, notice_id: UUID, party: ColumnElement[bool], grounds_sha256: str
) -> Sequence[Objection]:
    """The party's objections to this notice on these grounds that have ended."""
    query = select(Objection).where(
        Objection.notice_id == notice_id,
        party,
        Objection.grounds_sha256 == grounds_sha256,
        Objection.state != ObjectionState.FILED,
    )
    return (await db.execute(query)).scalars().all()


async def search_objections(
    db: AsyncSession,
    *,
    of_org: UUID | None,
    notice_id: UUID | None,
    state: ObjectionState | None,
    overdue_at: datetime | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Objection]:
    """Newest first; `of_org` leaves what an organisation filed, or what was filed against its notices."""
    query = select(Objection).join(Notice, Notice.id == Objection.notice_id).order_by(Objection.id.desc()).limit(limit)
    if of_org is not None:
        query = query.where(or_(Objection.by_org_id == of_org, Notice.owner_org_id == of_org))
    if notice_id is not None:
        query = query.where(Objection.notice_id == notice_id)
    if state is not None:
        query = query.where(Objection.state == state)
    if overdue_at is not None:
        late = and_(Objection.acknowledged_at.is_(None), Objection.acknowledge_by <= overdue_at)
        query = query.where(Objection.state == ObjectionState.FILED, or_(late, Objection.decide_by <= overdue_at))
    if before is not None:
        query = query.where(Objection.id < before)
    return (await db.execute(query)).scalars().all()


async def list_filed(db: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[Objection]:
    query = select(Objection).where(Objection.state == ObjectionState.FILED).order_by(Objection.id).limit(limit)
    if after is not None:
        query = query.where(Objection.id > after)
    return (await db.execute(query)).scalars().all()


async def count_open_objections(db: AsyncSession, notice_ids: Iterable[UUID]) -> dict[UUID, int]:
    query = (
        select(Objection.notice_id, func.count())
        .where(Objection.notice_id.in_(set(notice_ids)), Objection.state == ObjectionState.FILED)
        .group_by(Objection.notice_id)
    )
    return {notice_id: int(n) for notice_id, n in await db.execute(query)}
