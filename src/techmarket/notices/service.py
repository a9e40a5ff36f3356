"""What people do with notices: read them, confirm the posting in the unit, object, decide, withdraw an objection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.kernel.workdays import WorkCalendar
from techmarket.notices import counting, errors, extending, policy, repository, rules, steps
from techmarket.notices.counting import Course
from techmarket.notices.events import (
    NoticeCleared,
    ObjectionDecided,
    ObjectionFiled,
    ObjectionUpheld,
    ObjectionWithdrawn,
)
from techmarket.notices.kinds import Effect, NoticeKind, Place
from techmarket.notices.lifecycle import NOTICE, OBJECTION, NoticeState, PauseCause
from techmarket.notices.tables import Notice, NoticePause, Objection
from techmarket.notices.views import NoticeLine, NoticeView, ObjectionView, PostingView
from techmarket.rulebook import steps as rulebook


async def list_notices(
    tx: Tx,
    actor: Actor,
    *,
    kind: NoticeKind | None = None,
    state: NoticeState | None = None,
    subject: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[NoticeLine]:
    """The notices the reader may know of, newest first."""
    require(actor, policy.READ)
    before = last_id(cursor)
    async with tx.read() as db:
        now = await clock.market_now(db)
        rows = await repository.list_notices(
            db,
            readable=None if actor.is_market else repository.readable_by(actor.org_id),
            kind=kind,
            state=state,
            subject=subject,
            now=now,
            before=before,
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda notice: (str(notice.id),))
        return Page(await _lines(db, page.items, now), page.next_cursor)


async def get_notice(tx: Tx, actor: Actor, notice_id: UUID) -> NoticeView:
    """A notice with its text, where it stands, when it ends, and how the objections to it ended."""
    require(actor, policy.READ)
    async with tx.read() as db:
        notice = _seen(actor, await repository.get_notice(db, notice_id))
        now = await clock.market_now(db)
        postings = [
            PostingView(p.place, p.at, p.evidence_sha256) for p in await repository.list_postings(db, notice.id)
        ]
        return NoticeView(
            (await _lines(db, [notice], now))[0],
            await texts.get(db, notice.document_sha256),
            tuple(postings),
            tuple(_shown(actor, notice, o) for o in await repository.list_objections(db, notice.id)),
        )


async def confirm_unit_posting(tx: Tx, actor: Actor, notice_id: UUID, *, evidence_sha256: str) -> NoticeView:
    """The unit confirms that the notice hangs in its own place; the period starts with the later of the places.

    The posting counts from the confirmation on: nobody can say afterwards that it has been there for days.
    """
    async with tx.begin() as db:
        notice = _seen(actor, await repository.lock_notice(db, notice_id))
        require(actor, policy.CONFIRM_POSTING, parties=[notice.owner_org_id])
        now = await clock.market_now(db)
        if notice.state not in (NoticeState.PREPARED, NoticeState.RUNNING, NoticeState.PAUSED):
            raise errors.NoLongerStands(state=notice.state)
        await steps.post(db, notice, Place.UNIT, evidence_sha256=evidence_sha256, actor=actor, now=now)
        return NoticeView(
            (await _lines(db, [notice], now))[0],
            await texts.get(db, notice.document_sha256),
            tuple(PostingView(p.place, p.at, p.evidence_sha256) for p in await repository.list_postings(db, notice.id)),
            (),
        )


async def file_objection(
    tx: Tx,
    actor: Actor,
    notice_id: UUID,
    *,
    grounds: str,
    lines: Sequence[str] | None = None,
    evidence_sha256: str | None = None,
) -> ObjectionView:
    """Object while the notice runs: it pauses, or the lines named wait, as its kind says."""
    async with tx.begin() as db:
        notice = _seen(actor, await repository.lock_notice(db, notice_id))
        require(actor, policy.OBJECT)
        now = await clock.market_now(db)
        rules.check_objection_in_time(
            notice.state,
            ends_at=await counting.count_end(db, notice),
            now=now,
            missing_places=await counting.missing_places(db, notice),
        )
        rules.check_lines(notice.effect, notice.lines, lines)
        if await repository.find_open_objection(db, notice.id, actor.person) is not None:
            raise errors.ObjectionOpen()
        objection = Objection(
            id=new_id(),
            notice_id=notice.id,
            by_org_id=actor.org,
            by_person_id=actor.person,
            grounds=grounds,
            lines=sorted(set(lines)) if lines else None,
            evidence_sha256=evidence_sha256,
            state=OBJECTION.initial,
            filed_at=now,
        )
        db.add(objection)
        journal.record(db, ObjectionFiled(objection.id, notice.id, notice.subject, notice.kind), actor=actor)
        await db.flush()
        if notice.effect is Effect.PAUSES:
            db.add(
                NoticePause(
                    id=new_id(),
                    notice_id=notice.id,
                    cause=PauseCause.OBJECTION,
                    objection_id=objection.id,
                    began_at=now,
                )
            )
            if notice.state is NoticeState.RUNNING:
                notice.state = NOTICE.move(notice.state, "pause")
                notice.look_at = None
        return _shown(actor, notice, objection)


async def decide_objection(tx: Tx, actor: Actor, objection_id: UUID, *, upheld: bool, reasons: str) -> ObjectionView:
    """The operator decides with reasons: dismissed, the rest of the period runs on; upheld, the notice ends."""
    async with tx.begin() as db:
        notice, objection = await _lock_objection(db, actor, objection_id)
        require(actor, policy.DECIDE)
        if objection.by_org_id == actor.org_id:
            raise NotAllowed(needs="somebody who did not object", operation=policy.DECIDE.operation)
        now = await clock.market_now(db)
        objection.state = OBJECTION.move(objection.state, "uphold" if upheld else "dismiss")
        objection.decided_at, objection.decided_by_id, objection.reasons = now, actor.person, reasons
        facts = (objection.id, notice.id, notice.subject, notice.kind)
        journal.record(db, ObjectionDecided(*facts, upheld), actor=actor)
        if upheld:
            journal.record(db, ObjectionUpheld(*facts, tuple(objection.lines or ())), actor=actor)
        await db.flush()
        if upheld and notice.state is NoticeState.PAUSED:
            notice.state = NOTICE.move(notice.state, "uphold")
            notice.ended_at = now
        await _end_pause(db, notice, objection, now)
        return _shown(actor, notice, objection)


async def withdraw_objection(tx: Tx, actor: Actor, objection_id: UUID) -> ObjectionView:
    """Whoever objected takes it back; the rest of the period runs on."""
    async with tx.begin() as db:
        notice, objection = await _lock_objection(db, actor, objection_id)
        require(actor, policy.WITHDRAW_OBJECTION, parties=[objection.by_org_id])
        now = await clock.market_now(db)
        objection.state = OBJECTION.move(objection.state, "withdraw")
        objection.decided_at = now
        event = ObjectionWithdrawn(objection.id, notice.id, notice.subject, notice.kind)
        journal.record(db, event, actor=actor)
        await db.flush()
        await _end_pause(db, notice, objection, now)
        return _shown(actor, notice, objection)


async def clear_due(tx: Tx, limit: int = 100) -> int:
    """Write down which notices have ended without an objection; returns how many. One notice, one transaction."""
    async with tx.read() as db:
        due = await repository.list_due(db, await clock.market_now(db), limit)
    return sum([await _clear_if_due(tx, notice_id) for notice_id in due])


async def recount(tx: Tx, *, after: UUID | None = None, limit: int = 500) -> UUID | None:
    """Count the ends of running notices afresh after a change of the work-day calendar.

    Returns the last one looked at, or None when there are no more.
    """
    async with tx.begin() as db:
        running = await repository.list_running(db, after=after, limit=limit)
        for notice_id in running:
            notice = await repository.lock_notice(db, notice_id)
            if notice.state is NoticeState.RUNNING:
                notice.look_at = await counting.count_end(db, notice)
    return running[-1] if running else None


async def _clear_if_due(tx: Tx, notice_id: UUID) -> bool:
    async with tx.begin() as db:
        notice = await repository.lock_if_running(db, notice_id)
        if notice is None:
            return False
        end = await counting.count_end(db, notice)
        if rules.state_at(notice.state, end, await clock.market_now(db)) is not NoticeState.CLEARED:
            notice.look_at = end  # the calendar has changed since the job was told when to look
            return False
        notice.state = NOTICE.move(notice.state, "clear")
        notice.look_at, notice.ended_at = None, end
        journal.record(db, NoticeCleared(notice.id, notice.subject, notice.kind), actor=None)
        return True


async def _lock_objection(db: AsyncSession, actor: Actor, objection_id: UUID) -> tuple[Notice, Objection]:
    """The notice locked, then its objection read: the notice's row is the one lock of both."""
    notice = await repository.lock_notice(db, (await repository.get_objection(db, objection_id)).notice_id)
    objection = await repository.get_objection(db, objection_id)
    if not _is_concerned(actor, notice, objection):
        raise NotFound()
    return notice, objection


async def _end_pause(db: AsyncSession, notice: Notice, objection: Objection, now: datetime) -> None:
    pause = await repository.find_pause(db, objection.id)
    if pause is None:
        return
    pause.ended_at = now
    await db.flush()
    await extending.run_on(db, notice)


def _seen(actor: Actor, notice: Notice) -> Notice:
    """The loading door: who may not know of a notice does not find it."""
    public = notice.public_since is not None
    own = actor.org_id is not None and actor.org_id in (notice.owner_org_id, *notice.reader_org_ids)
    if not (public or own or actor.is_market):
        raise NotFound()
    return notice


def _is_concerned(actor: Actor, notice: Notice, objection: Objection) -> bool:
    return actor.is_market or (actor.org_id is not None and actor.org_id in (objection.by_org_id, notice.owner_org_id))


def _shown(actor: Actor, notice: Notice, objection: Objection) -> ObjectionView:
    concerned = _is_concerned(actor, notice, objection)
    return ObjectionView(
        objection.id,
        objection.notice_id,
        objection.state,
        objection.filed_at,
        objection.decided_at,
        tuple(objection.lines) if concerned and objection.lines is not None else None,
        objection.by_org_id if concerned else None,
        objection.grounds if concerned else None,
        objection.evidence_sha256 if concerned else None,
        objection.reasons if concerned else None,
    )


async def _lines(db: AsyncSession, notices: Sequence[Notice], now: datetime) -> list[NoticeLine]:
    ids = [notice.id for notice in notices]
    courses = await counting.courses(db, ids)
    objections = await repository.count_open_objections(db, ids)
    calendar = await rulebook.work_calendar(db)
    return [_line(n, courses[n.id], objections.get(n.id, 0), calendar, now) for n in notices]


def _line(notice: Notice, course: Course, open_objections: int, calendar: WorkCalendar, now: datetime) -> NoticeLine:
    end = counting.end_with(notice, course, calendar)
    return NoticeLine(
        notice.id,
        notice.kind,
        notice.subject,
        notice.owner_org_id,
        notice.document_sha256,
        notice.required_places,
        notice.effect,
        rules.state_at(notice.state, end, now),
        notice.rule_date,
        notice.length_n,
        notice.length_unit,
        notice.created_at,
        notice.started_at,
        end,
        counting.remaining_with(notice, course, calendar, now),
        open_objections,
    )
