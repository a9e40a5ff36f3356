"""What the clock brings: notices that have ended clear, and a change of the calendar counts everything afresh."""

from __future__ import annotations

from uuid import UUID

from techmarket.db import clock
from techmarket.db.session import Tx
from techmarket.notices import counting, deadlines, repository, rules, telling
from techmarket.notices.events import NoticeCleared
from techmarket.notices.lifecycle import NOTICE, NoticeState, ObjectionState


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


async def recount_deadlines(tx: Tx, *, after: UUID | None = None, limit: int = 500) -> UUID | None:
    """The same for the deadlines of open objections."""
    async with tx.begin() as db:
        filed = await repository.list_filed(db, after=after, limit=limit)
        for objection_id, notice_id in [(one.id, one.notice_id) for one in filed]:
            notice = await repository.lock_notice(db, notice_id)
            objection = await repository.get_objection(db, objection_id)
            if objection.state is ObjectionState.FILED:
                await deadlines.set_deadlines(db, notice, objection)
    return filed[-1].id if filed else None


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
        telling.record(db, notice.id, NoticeCleared(notice.id, notice.subject, notice.kind), actor=None)
        return True
